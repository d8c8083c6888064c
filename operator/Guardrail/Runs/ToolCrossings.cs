namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// Calls of tools with side effects that a run sent through the guardrail, and results of such tools that it showed to a model. A bounded
/// number is known. Safe for any thread.
/// </summary>
internal sealed class ToolCrossings
{
    private const int Most = 1024;

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> left = new(StringComparer.Ordinal);
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    /// <summary>A call of a tool came through here.</summary>
    public void Crossed(string tool)
    {
        lock (gate)
        {
            if (left.TryGetValue(tool, out var calls) || left.Count < Most)
                left[tool] = calls + 1;
        }
    }

    /// <summary>A result of a tool is there, and there were more of them than calls that came through here.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="id">The call that it is the result of: each counts once.</param>
    public bool IsOffPath(string tool, string id)
    {
        lock (gate)
        {
            // Beyond what is known, nothing is said.
            if (seen.Count >= Most || left.Count >= Most || !seen.Add($"{tool}\n{id}"))
                return false;
            if (!left.TryGetValue(tool, out var calls) || calls == 0)
                return true;
            left[tool] = calls - 1;
            return false;
        }
    }
}
