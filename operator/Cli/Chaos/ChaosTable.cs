using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Cli.Budgets;
using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Cli.Chaos;

/// <summary>A plan of chaos as people read it. Pure.</summary>
internal static class ChaosTable
{
    /// <summary>The first calls of each target that are told.</summary>
    public const int Calls = 5;

    /// <summary>The most rows of cases.</summary>
    public const int MostRows = 200;

    /// <summary>The lines of an eval's plan.</summary>
    /// <param name="eval">The eval.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="spec">The agent.</param>
    /// <param name="cases">The cases; null where they are not known.</param>
    /// <param name="why">Why they are not.</param>
    public static IEnumerable<string> Lines(
        EvalRequirement eval,
        ChaosPlan plan,
        AgentDeploymentSpec spec,
        IReadOnlyList<CaseId>? cases,
        string? why
    )
    {
        yield return FormattableString.Invariant($"eval {plan.Eval}: suite {eval.Suite.Name}, seed {plan.Seed}, plan {plan.Id}");
        foreach (var fault in plan.Faults)
            yield return $"  {ChaosPlans.Words(fault)}";
        if (cases is null)
        {
            yield return $"which case meets which fault is not told: {why}";
            yield break;
        }
        var targets = Targets(plan, spec);
        if (Open(plan, targets) is { Count: > 0 } open)
            yield return $"which tools these name is known when they are called: {string.Join(", ", open)}";
        var rows = new List<IReadOnlyList<string>> { Head() };
        var (hit, all) = (0, 0);
        foreach (var one in cases)
        {
            var met = false;
            for (var turn = 1; turn <= one.Turns; turn++)
            {
                foreach (var target in targets)
                {
                    var drawn = Drawn(plan, one, turn, target);
                    met |= drawn.Exists(word => word != BudgetText.None);
                    if (rows.Count <= MostRows)
                        rows.Add([one.Id, turn.ToString(CultureInfo.InvariantCulture), Name(target), .. drawn]);
                    all++;
                }
            }
            hit += met ? 1 : 0;
        }
        foreach (var line in targets.Count == 0 ? [] : BudgetText.Table(rows))
            yield return line;
        if (all > MostRows)
            yield return $"and {all - MostRows} rows more";
        if (targets.Count > 0)
            yield return $"{hit} of {cases.Count} cases meet a fault, where they make {Calls} calls of each target";
    }

    private static List<string> Drawn(ChaosPlan plan, CaseId one, int turn, ChaosTarget target) =>
        [
            .. Enumerable
                .Range(1, Calls)
                .Select(call => ChaosDice.Draw(plan, ChaosDice.KeyOf(one.Id, turn), target, call)?.Fault ?? BudgetText.None),
        ];

    private static List<string> Head() =>
        ["CASE", "TURN", "TARGET", .. Enumerable.Range(1, Calls).Select(call => FormattableString.Invariant($"CALL {call}"))];

    private static string Name(ChaosTarget target) => target.IsTool ? $"tool {target.Name}" : $"upstream {target.Name}";

    // What is declared by its name: models' upstreams, plain HTTP tools, and tools without a "*".
    private static List<ChaosTarget> Targets(ChaosPlan plan, AgentDeploymentSpec spec)
    {
        var upstreams = spec.Guardrails?.Upstreams ?? [];
        var names = upstreams
            .Where(upstream => upstream.Format == UpstreamFormat.HTTP)
            .Select(upstream => upstream.Name)
            .Concat(spec.Guardrails?.Tools?.Allow ?? [])
            .Concat(plan.Faults.Select(fault => fault.Tool).OfType<string>())
            .Where(name => !name.Contains('*', StringComparison.Ordinal));
        return
        [
            .. upstreams
                .Where(upstream => upstream.Format is not (UpstreamFormat.HTTP or UpstreamFormat.MCP))
                .Select(upstream => new ChaosTarget(false, upstream.Name))
                .Concat(names.Distinct().Select(name => new ChaosTarget(true, name)))
                .Where(target => plan.Faults.Any(fault => fault.Concerns(target))),
        ];
    }

    private static List<string> Open(ChaosPlan plan, List<ChaosTarget> targets) =>
        [
            .. plan
                .Faults.Select(fault => fault.Tool)
                .OfType<string>()
                .Where(tool => tool.Contains('*', StringComparison.Ordinal))
                .Distinct()
                .Where(tool => tool == "*" || !targets.Exists(target => target.IsTool && Contracts.NamePattern.Matches(tool, target.Name))),
        ];
}
