using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// Every rule on an AgentDeployment, the rules of its schema included. They are checked again here because a server without CEL does
/// not check them, and because an object may be older than a rule. Pure; nothing throws.
/// </summary>
public static partial class AgentDeploymentRules
{
    /// <summary>The rules that an object breaks; empty when it is sound.</summary>
    public static IReadOnlyList<Finding> Check(AgentDeployment agent)
    {
        var findings = new FindingList();
        if (agent.Metadata.Name is not { Length: > 0 and <= Names.MaxNameLength } name || !Label().IsMatch(name))
            findings.Add(
                ManifestChecks.Name,
                "metadata.name",
                $"must be a DNS label of at most {Names.MaxNameLength} characters that begins with a letter: names of Services and "
                    + $"Deployments derive from it"
            );
        var spec = agent.Spec;
        if (spec.Replicas is < 0 or > 1000)
            findings.Add(ManifestChecks.Replicas, "spec.replicas", "must be from 0 to 1000");
        PortRules.Check(spec, findings);
        RolloutRules.Check(spec.Rollout, findings);
        RolloutRules.CheckDisruption(spec.PodDisruptionBudget, findings);
        for (var i = 0; i < spec.Evals.Count; i++)
            EvalRequirementRules.Check(spec.Evals[i], $"spec.evals[{i}]", findings);
        ChaosRules.Check(spec, findings);
        AgentBudgetRules.Check(spec.Budget, findings);
        ReliabilityRules.Check(spec.Reliability, findings);
        GuardrailRules.Check(spec.Guardrails, findings);
        TelemetryRules.Check(spec.Telemetry, findings);
        TemplateRules.Check(spec, findings);
        return findings;
    }

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex Label();
}
