using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalSuites;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>From requirements and runs to steps. Pure.</summary>
internal static class EvalPlan
{
    /// <summary>The problem that keeps a requirement from being measured at all, or null.</summary>
    public static (string Reason, string Message)? Problem(AgentObservation seen)
    {
        for (var i = 0; i < seen.Agent.Spec.Evals.Count; i++)
        {
            var reference = seen.Agent.Spec.Evals[i].Suite;
            var ns = reference.Namespace ?? seen.Namespace;
            var field = $"spec.evals[{i}].suite";
            var view = seen.Inputs.Suites[i];
            // What is not allowed is told as what is not there: else one could ask which suites other namespaces have, and what is wrong
            // with them.
            if (
                view.Suite is not { } suite
                || (
                    ns != seen.Namespace
                    && !suite.Spec.AllowedNamespaces.Contains(seen.Namespace)
                    && !suite.Spec.AllowedNamespaces.Contains("*")
                )
            )
                return (
                    Reasons.SuiteNotFound,
                    ns == seen.Namespace
                        ? $"{field}: EvalSuite {ns}/{reference.Name} does not exist"
                        : $"{field}: EvalSuite {ns}/{reference.Name} does not exist, or does not list namespace "
                            + $"\"{seen.Namespace}\" in its spec.allowedNamespaces"
                );
            if (suite.Faults is [var fault, ..])
                return (Reasons.SuiteInvalid, $"{field}: EvalSuite {ns}/{reference.Name} cannot be read: {fault}");
            if (EvalSuiteRules.Check(suite.Spec) is [var broken, ..])
                return (Reasons.SuiteInvalid, $"{field}: EvalSuite {ns}/{reference.Name}: {broken}");
            if (view.NotLent is { } notLent)
                return (Reasons.SuiteInvalid, $"{field}: EvalSuite {ns}/{reference.Name}: {notLent}");
            if (view.CasesDigest is null)
                return (
                    Reasons.SuiteCasesNotFound,
                    $"{field}: a ConfigMap with the cases of EvalSuite {ns}/{reference.Name} does not exist: {Cases(suite.Spec)}"
                );
            if (seen.Agent.Spec.Evals[i].Chaos is not null && suite.Spec.Builtin is null)
                return (
                    Reasons.InvalidSpec,
                    $"spec.evals[{i}].chaos: EvalSuite {ns}/{reference.Name} is not builtin, and no other runner tells which case a call "
                        + "is of: leave chaos out, or name a builtin suite"
                );
            if (
                (suite.Spec.Builtin?.Port ?? suite.Spec.Job?.Port) is { } port
                && !seen.Agent.Spec.Ports.Exists(declared => declared.Name == port)
            )
                return (
                    Reasons.InvalidSpec,
                    $"{field}: EvalSuite {ns}/{reference.Name} sends its cases to port \"{port}\", which spec.ports does not list"
                );
        }
        return null;
    }

    /// <summary>The steps, in the order of the requirements. Only where <see cref="Problem"/> is null.</summary>
    public static IReadOnlyList<EvalStep> Steps(AgentObservation seen, Revision revision, int round) =>
        [
            .. seen.Agent.Spec.Evals.Select(
                (requirement, index) =>
                {
                    var ns = requirement.Suite.Namespace ?? seen.Namespace;
                    var view = seen.Inputs.Suites[index];
                    var digest = SuiteDigest.Of(view.Suite!, view.CasesDigest!);
                    var identity = Identity(seen, revision, ns, requirement, digest);
                    var runs = seen
                        .Children.Runs.Where(run =>
                            run.Spec.Purpose != EvalPurpose.Drift
                            && run.Metadata.NamespaceProperty == ns
                            && run.Metadata.Name.StartsWith($"{seen.Name}-{identity}-", StringComparison.Ordinal)
                            && run.Spec.AgentUid == seen.Uid
                        )
                        .ToList();
                    var latest = runs.MaxBy(run => run.Spec.Attempt);
                    return new EvalStep(
                        index,
                        requirement,
                        ns,
                        digest,
                        identity,
                        latest,
                        new EvalAttempts(
                            runs.Count(run => run.Spec.Round == latest!.Spec.Round),
                            round,
                            view.Suite!.Spec.Attempts ?? Defaults.EvalAttempts
                        )
                    );
                }
            ),
        ];

    /// <summary>The EvalRun of a step's next attempt.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="revision">The revision.</param>
    /// <param name="step">The step.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="purpose">Drift runs have names and a count of their own.</param>
    public static JsonObject Run(
        AgentObservation seen,
        Revision revision,
        EvalStep step,
        int attempt,
        EvalPurpose purpose = EvalPurpose.Gate
    )
    {
        var suite = seen.Inputs.Suites[step.Index].Suite!.Spec;
        var (name, path) = suite.Job is { } job
            ? (job.Port, job.Path ?? Defaults.JobPath)
            : (suite.Builtin?.Port, suite.Builtin?.Path ?? Defaults.BuiltinPath);
        var port = seen.Agent.Spec.Ports.Find(declared => declared.Name == name) ?? seen.Agent.Spec.Ports[0];
        var requirement = step.Requirement;
        var body = new JsonObject
        {
            ["apiVersion"] = $"{Names.Group}/{Names.Version}",
            ["kind"] = EvalRun.EntityKind,
            ["metadata"] = new JsonObject
            {
                ["name"] = NameOf(seen, step, attempt, purpose),
                ["namespace"] = step.SuiteNamespace,
                ["labels"] = new JsonObject
                {
                    [Names.ManagedByLabel] = Names.Operator,
                    [Names.AgentLabel] = seen.Name,
                    [Names.AgentNamespaceLabel] = seen.Namespace,
                    [Names.RevisionLabel] = revision.Hash,
                },
            },
            ["spec"] = new JsonObject
            {
                ["agent"] = new JsonObject { ["namespace"] = seen.Namespace, ["name"] = seen.Name },
                ["agentUid"] = seen.Uid,
                ["revision"] = revision.Hash,
                ["suite"] = requirement.Suite.Name,
                ["suiteDigest"] = step.SuiteDigest,
                ["attempt"] = attempt,
                ["target"] = $"http://{ChildNames.CandidateService(seen.Name)}.{seen.Namespace}.svc:{port.Port}{path}",
                ["minScore"] = requirement.MinScore,
                ["confidence"] = requirement.Confidence ?? Defaults.Confidence,
                ["minCases"] = requirement.MinCases ?? Defaults.MinCases,
                ["criticalTags"] = new JsonArray([.. requirement.CriticalTags.Select(tag => (JsonNode)tag)]),
                ["deadline"] = requirement.Deadline ?? Defaults.EvalDeadline,
            },
        };
        var spec = body["spec"]!;
        if (KindOf(suite) is not EvalKind.Builtin and var kind)
            spec["kind"] = kind.ToString();
        if (purpose == EvalPurpose.Drift)
            spec["purpose"] = purpose.ToString();
        if (step.Attempts.Round > 0)
            spec["round"] = step.Attempts.Round;
        if (requirement.Repeats is { } repeats)
            spec["repeats"] = new JsonObject { ["min"] = repeats.Min ?? 1, ["max"] = repeats.Max ?? 1 };
        if (ChaosPlans.Of(requirement) is { } chaos)
            spec["chaos"] = new JsonObject
            {
                ["eval"] = chaos.Eval,
                ["plan"] = chaos.Id,
                ["faults"] = new JsonArray([.. chaos.Faults.Select(fault => (JsonNode)ChaosPlans.Words(fault))]),
            };
        if (requirement.MaxRegression is { } most)
        {
            spec["maxRegression"] = most;
            if (Baseline(seen, revision, step) is { } baseline)
                spec["baseline"] = baseline;
        }
        return body;
    }

    /// <summary>The name of an attempt's run.</summary>
    public static string NameOf(AgentObservation seen, EvalStep step, int attempt, EvalPurpose purpose) =>
        purpose == EvalPurpose.Drift ? $"{seen.Name}-{step.Identity}-d{attempt}" : $"{seen.Name}-{step.Identity}-{attempt}";

    /// <summary>How a suite is run.</summary>
    public static EvalKind KindOf(EvalSuiteSpec suite) =>
        suite.Job is not null ? EvalKind.Job
        : suite.External is not null ? EvalKind.External
        : EvalKind.Builtin;

    // The serving revision's run with the very same cases. A case whose text changed is another case, even under the same ID.
    private static string? Baseline(AgentObservation seen, Revision revision, EvalStep step) =>
        seen.Agent.Status?.ServingRevision is { } serving && serving != revision.Hash
            ? seen
                .Children.Runs.Where(run =>
                    run.Spec.Revision == serving
                    && run.Spec.AgentUid == seen.Uid
                    && run.Metadata.NamespaceProperty == step.SuiteNamespace
                    && run.Spec.Suite == step.Requirement.Suite.Name
                    && run.Spec.SuiteDigest == step.SuiteDigest
                    // Under other faults, or none, the very same cases are another measurement.
                    && run.Spec.Chaos?.Plan == ChaosPlans.Of(step.Requirement)?.Id
                    && run.Spec.Purpose != EvalPurpose.Drift
                    && run.Status is { Phase: EvalPhase.Passed, Kept: > 0 }
                )
                .OrderByDescending(run => run.Status!.FinishedAt)
                .ThenBy(run => run.Metadata.Name, StringComparer.Ordinal)
                .FirstOrDefault()
                ?.Metadata.Name
            : null;

    /// <summary>What the agent's status says of a step.</summary>
    public static EvalVerdictStatus Status(EvalStep step, Revision revision) =>
        new()
        {
            Suite = step.Suite,
            Eval = step.Requirement.Name,
            Chaos = step.Requirement.Chaos is null ? null : true,
            Revision = revision.Hash,
            Run = step.Latest?.Metadata.Name,
            Phase = step.Phase,
            Score = step.Latest?.Status?.Score,
            Lower = step.Latest?.Status?.Lower,
            MinScore = step.Requirement.MinScore,
            Cases = step.Latest?.Status?.Cases,
            Failing = step.Latest?.Status?.Failing ?? [],
            Message = step.Latest?.Status?.Message,
        };

    /// <summary>The verdicts in a few words, for the printer column.</summary>
    public static string Summary(IReadOnlyList<EvalStep> steps)
    {
        var worst = steps.FirstOrDefault(step => step.Blocked) ?? steps.FirstOrDefault(step => !step.Passed) ?? steps[0];
        var score = worst.Latest?.Status?.Score;
        var verdict =
            score is null ? worst.Phase.ToString()
            : worst.Phase == EvalPhase.Passed ? $"Passed {score}"
            : $"{worst.Phase} {score} (needs {worst.Requirement.MinScore})";
        var chaos = steps.Count(step => step.Requirement.Chaos is not null);
        return worst is { Passed: false, Requirement.Chaos: not null } ? $"{verdict}, under chaos {ChaosPlans.NameOf(worst.Requirement)}"
            : chaos == 0 ? verdict
            : $"{verdict}, {chaos} of {steps.Count} under chaos";
    }

    private static string Cases(EvalSuiteSpec suite) =>
        suite.Job is { } job
            ? string.Join(
                ", ",
                ConfigMapReferences.Find(job.Template).Where(reference => !reference.Optional).Select(reference => reference.Name)
            )
            : suite.Builtin?.Cases?.Name ?? string.Empty;

    private static string Identity(
        AgentObservation seen,
        Revision revision,
        string suiteNamespace,
        EvalRequirement requirement,
        string digest
    )
    {
        var text = string.Join(
            '\n',
            [
                seen.Uid,
                revision,
                suiteNamespace,
                requirement.Suite.Name,
                digest,
                requirement.MinScore,
                requirement.Confidence ?? Defaults.Confidence,
                (requirement.MinCases ?? Defaults.MinCases).ToString(System.Globalization.CultureInfo.InvariantCulture),
                .. requirement.CriticalTags.Order(StringComparer.Ordinal),
                // Only where they are declared, so that the measurements of manifests from before them stay the same.
                .. requirement.MaxRegression is { } most ? [$"maxRegression {most}"] : (string[])[],
                .. requirement.Repeats is { } repeats ? [$"repeats {repeats.Min ?? 1} {repeats.Max ?? 1}"] : (string[])[],
                .. ChaosPlans.Of(requirement) is { } chaos ? [$"chaos {chaos.Id}"] : (string[])[],
            ]
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
    }
}
