using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// Tools of which their own server says that a call may be repeated, as its lists said last. A bounded number is known; of any other tool
/// nothing is. Safe for any thread.
/// </summary>
internal sealed class ToolHints
{
    /// <summary>The most tools that are known.</summary>
    public const int Most = 1024;

    private readonly ConcurrentDictionary<string, bool> tools = new(StringComparer.Ordinal);

    /// <summary>What a server's list says.</summary>
    public void Learn(IEnumerable<ListedTool> list)
    {
        foreach (var tool in list)
        {
            if (!tool.MayRepeat)
                tools.TryRemove(tool.Name, out _);
            else if (tools.Count < Most)
                tools[tool.Name] = true;
        }
    }

    /// <summary>Whether the server says that a call of the tool may be repeated.</summary>
    public bool MayRepeat(string tool) => tools.ContainsKey(tool);
}
