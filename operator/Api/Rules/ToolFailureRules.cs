using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on what is done where a tool fails.</summary>
internal static class ToolFailureRules
{
    private const string Field = "spec.guardrails.tools";
    private const int MostFailures = 16;

    public static void Check(ToolsSpec? tools, FindingList findings)
    {
        if (tools is null)
            return;
        if (tools.OnToolError is { } action && !Enum.IsDefined(action))
            Add(".onToolError", "must be Count, Mark or Stop");
        if (tools.StopAfter is < 1 or > 100)
            Add(".stopAfter", "must be from 1 to 100");
        if (tools.StopAfter is not null && tools.OnToolError != ToolErrorAction.Stop)
            Add(".stopAfter", "needs onToolError: Stop: nothing else ends a run");
        if (tools.Failures.Count > 0 && tools.OnToolError is null)
            Add(".failures", "needs onToolError: without it nobody looks for failures");
        if (tools.Failures.Count > MostFailures)
            Add(".failures", $"may hold {MostFailures} entries");
        for (var i = 0; i < tools.Failures.Count; i++)
            CheckOne(tools.Failures[i], $".failures[{i}]", Add);
        void Add(string field, string what) => findings.Add(FailureModeChecks.ToolFailures, Field + field, what);
    }

    private static void CheckOne(ToolFailureSpec failure, string field, Action<string, string> add)
    {
        if (string.IsNullOrWhiteSpace(failure.Tool))
            add(field + ".tool", "must name a tool, or tools with \"*\"");
        if ((failure.Pattern is null ? 0 : 1) + (failure.Path is null ? 0 : 1) + (failure.Empty == true ? 1 : 0) != 1)
            add(field, "must have exactly one of pattern, path and empty: true");
        if (failure is { Value: not null, Path: null })
            add(field + ".value", "needs path: it is what stands there");
        if (failure.Pattern is { } pattern && BoundedPattern.TryCreate(pattern, out var why) is null)
            add(field + ".pattern", why!);
        if (failure.Path is { } path && MemberPath.TryParse(path) is null)
            add(field + ".path", $"\"{path}\" must be names with dots between them, for example \"status.code\" or \"errors[0].message\"");
    }
}
