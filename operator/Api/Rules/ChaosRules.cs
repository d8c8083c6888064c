using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on the faults that evals declare.</summary>
internal static class ChaosRules
{
    private const int LongestTool = 128;
    private const int LongestText = 1024;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);

    public static void Check(AgentDeploymentSpec spec, FindingList findings)
    {
        for (var i = 0; i < spec.Evals.Count; i++)
        {
            var (eval, field) = (spec.Evals[i], $"spec.evals[{i}]");
            if (eval.Name is { } name && spec.Evals.FindIndex(other => other.Name == name) is var first && first != i)
                findings.Add(EvalChecks.Chaos, $"{field}.name", $"\"{name}\" is the name of spec.evals[{first}]: give it another one");
            if (eval.Chaos is { } chaos)
                Check(chaos, spec, $"{field}.chaos", findings);
        }
    }

    private static void Check(ChaosSpec chaos, AgentDeploymentSpec spec, string field, FindingList findings)
    {
        void Add(string at, string what) => findings.Add(EvalChecks.Chaos, field + at, what);
        if (chaos.Seed < 0)
            Add(".seed", "must be at least 0");
        if (chaos.Faults.Count is 0 or > ChaosFaults.Most)
            Add(".faults", $"must have 1 to {ChaosFaults.Most} entries");
        var count = findings.Count;
        for (var i = 0; i < chaos.Faults.Count; i++)
            CheckOne(chaos.Faults[i], spec.Guardrails?.Upstreams ?? [], $".faults[{i}]", Add);
        if (findings.Count == count && TooMany(chaos.Faults) is { } many)
            Add(
                ".faults",
                $"the faults of {many} sum to more than 100 percent; patterns with \"*\" count for every tool, and \"*\" for every upstream"
            );
    }

    private static string? TooMany(IReadOnlyList<ChaosFaultSpec> declared)
    {
        var faults = declared
            .Select(fault => new ChaosFault
            {
                Fault = fault.Fault!.Value.ToString(),
                Upstream = fault.Upstream,
                Tool = fault.Tool,
                Percent = fault.Percent!.Value,
            })
            .ToList();
        return faults.Find(fault => ChaosFaults.Together(faults, fault) > 100) is not { } found ? null
            : found.Tool is { } tool ? $"tool \"{tool}\""
            : $"upstream \"{found.Upstream}\"";
    }

    private static void CheckOne(ChaosFaultSpec fault, IReadOnlyList<Upstream> upstreams, string at, Action<string, string> add)
    {
        if (!(fault.Fault is { } kind && Enum.IsDefined(kind)))
            add(at + ".fault", $"must be one of {string.Join(", ", ChaosFaults.All)}");
        else if (ChaosFaults.IsOfTools(kind.ToString()) && fault.Tool is null)
            add(at + ".tool", $"{kind} is a fault of tools: name a tool, or tools with \"*\", and no upstream");
        if (fault.Percent is not (>= 1 and <= 100))
            add(at + ".percent", "must be from 1 to 100");
        if ((fault.Upstream is null) == (fault.Tool is null))
            add(at, "must have exactly one of upstream and tool");
        if (fault.Tool is { } tool && (string.IsNullOrWhiteSpace(tool) || tool.Length > LongestTool))
            add(at + ".tool", $"must have 1 to {LongestTool} characters, and not white space only");
        // A fault that no call can meet would be a test that cannot fail.
        if (fault.Tool is not null && !upstreams.Any(IsTool))
            add(at + ".tool", "can be met by no call: spec.guardrails.upstreams has neither an MCP nor an HTTP upstream");
        if (
            fault.Upstream is { } name
            && !upstreams.Any(upstream => !IsTool(upstream) && (name == ChaosFaults.Every || upstream.Name == name))
        )
            add(
                at + ".upstream",
                $"\"{name}\" can be met by no call: name an upstream of models of spec.guardrails.upstreams, or \"*\"; of a tool server, "
                    + "name the tool instead"
            );
        CheckMore(fault, at, add);
    }

    private static void CheckMore(ChaosFaultSpec fault, string at, Action<string, string> add)
    {
        if (fault.Delay is not null && fault.Fault != ChaosFaultKind.Slow)
            add(at + ".delay", "needs fault: Slow: nothing else waits");
        if (
            fault.Delay is { } delay
            && !(Contracts.GoDuration.TryParse(delay, out var time) && time > TimeSpan.Zero && time <= LongestDelay)
        )
            add(at + ".delay", $"\"{delay}\" must be a duration such as \"5s\", above 0 and at most 10m");
        if (fault.Text is not null && fault.Fault != ChaosFaultKind.InjectedText)
            add(at + ".text", "needs fault: InjectedText: nothing else puts a text in");
        if (fault.Text is { } text && (string.IsNullOrWhiteSpace(text) || text.Length > LongestText))
            add(at + ".text", $"must have 1 to {LongestText} characters, and not white space only");
    }

    private static bool IsTool(Upstream upstream) => upstream.Format is UpstreamFormat.MCP or UpstreamFormat.HTTP;
}
