using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Shared;

/// <summary>
/// Which EvalRuns measure again what serves. Each of them is a reason for money, and others than the operator may be able to make an
/// EvalRun: one that the operator cannot have made is none. Pure.
/// </summary>
internal static class DriftRuns
{
    // An agent is not measured more often than this: spec.evals[].reevaluateEvery must be at least 1m.
    private static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

    /// <summary>More than any agent lives to see, so that no number overflows.</summary>
    public const int MostEver = 1_000_000;

    /// <summary>
    /// The run is as the operator makes it: of this agent and not of a namesake, beside a suite that the agent declares, with the labels
    /// and the name that follow from it.
    /// </summary>
    public static bool IsOperators(EvalRun run, AgentDeployment agent)
    {
        var (meta, spec) = (run.Metadata, run.Spec);
        var (ns, name) = (agent.Metadata.NamespaceProperty, agent.Metadata.Name);
        return spec.Purpose == EvalPurpose.Drift
            && spec.Attempt is >= 1 and <= MostEver
            && !string.IsNullOrEmpty(spec.AgentUid)
            && spec.AgentUid == agent.Metadata.Uid
            && spec.Agent.Namespace == ns
            && spec.Agent.Name == name
            && agent.Spec.Evals.Exists(eval => eval.Suite.Name == spec.Suite && (eval.Suite.Namespace ?? ns) == meta.NamespaceProperty)
            && Has(run, Names.ManagedByLabel, Names.Operator)
            && Has(run, Names.AgentLabel, name)
            && Has(run, Names.AgentNamespaceLabel, ns)
            && Has(run, Names.RevisionLabel, spec.Revision)
            && meta.Name.StartsWith($"{name}-", StringComparison.Ordinal)
            && meta.Name.EndsWith(string.Create(CultureInfo.InvariantCulture, $"-d{spec.Attempt}"), StringComparison.Ordinal);
    }

    /// <summary>The most attempts that the operator can have made since the agent is there.</summary>
    public static int Most(AgentDeployment agent, DateTimeOffset now)
    {
        if (agent.Metadata.CreationTimestamp is not { } created)
            return MostEver;
        var age = now - new DateTimeOffset(DateTime.SpecifyKind(created, DateTimeKind.Utc));
        var rounds = 1 + Math.Max(0, age.Ticks / Least.Ticks);
        return (int)Math.Min(MostEver, Math.Min(rounds, MostEver) * Math.Max(1, agent.Spec.Evals.Count));
    }

    private static bool Has(EvalRun run, string label, string value) =>
        run.Metadata.Labels is { } labels && labels.TryGetValue(label, out var there) && there == value;
}
