using System.Runtime.InteropServices;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// The tools that an MCP server published to this pod, as its answers to <c>tools/list</c> passed by: the first definition of each is
/// pinned, and the last one is what calls are held against. What was listed once stays known, as servers may list other tools to other
/// sessions. A bounded number is known, and a bounded size of them. Safe for any thread.
/// </summary>
internal sealed class PublishedTools
{
    /// <summary>The most tools that are known.</summary>
    public const int Most = 1024;

    /// <summary>The most bytes of schemas that are kept.</summary>
    public const int MostBytes = 4 * 1024 * 1024;

    private const int MostCursors = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Published> tools = new(StringComparer.Ordinal);
    private readonly HashSet<string> cursors = new(StringComparer.Ordinal);
    private long bytes;
    private bool isWhole;
    private bool hasGaps;
    private bool isUnread;

    /// <summary>Learns a page of the list.</summary>
    /// <param name="page">The page.</param>
    /// <param name="cursor">What the request went on from; null: it asked for the first page.</param>
    /// <returns>Tools that changed with this page: their definition is neither the pinned one nor the one before.</returns>
    public IReadOnlyList<string> Learn(ToolPage page, string? cursor)
    {
        var changed = new List<string>();
        lock (gate)
        {
            var twice = page.Tools.GroupBy(tool => tool.Name).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
            if (cursor is null)
                isUnread = false;
            isUnread |= !page.IsReadable;
            // Of two definitions of one tool, clients take the first or the last: the one that is another than the pinned one counts.
            foreach (var tool in page.Tools.OrderBy(tool => tools.TryGetValue(tool.Name, out var known) && known.Pin != tool.Print))
            {
                if (Learn(tool, twice.Contains(tool.Name)))
                    changed.Add(tool.Name);
            }
            hasGaps |= !page.IsReadable;
            // A page that follows none that was seen says nothing of those before it.
            if (cursor is not null && !cursors.Contains(cursor))
                return changed;
            if (page.Next is null)
                isWhole = true;
            else if (cursors.Count < MostCursors)
                cursors.Add(page.Next);
        }
        return changed;
    }

    /// <summary>A list went by that could not be read: what it says of the tools is not known, until a whole one is read.</summary>
    public void Miss()
    {
        lock (gate)
            isUnread = hasGaps = true;
    }

    /// <summary>Whether the tool's definition is another one than that which was seen first, or may be.</summary>
    public bool HasChanged(string tool)
    {
        lock (gate)
            return tools.TryGetValue(tool, out var known) && (isUnread || known.Print != known.Pin);
    }

    /// <summary>Holds a call against what the server published.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="arguments">Its arguments, JSON.</param>
    /// <param name="time">The clock.</param>
    public ToolCheck Check(string tool, ReadOnlyMemory<byte> arguments, TimeProvider time)
    {
        Published known;
        lock (gate)
        {
            if (!tools.TryGetValue(tool, out known))
                return new ToolCheck(isWhole && !hasGaps ? ToolVerdict.UnknownTool : ToolVerdict.NoList);
        }
        if (known.IsTwice)
            return new ToolCheck(ToolVerdict.ListedTwice);
        return known.Schema?.Check(arguments, time) ?? new ToolCheck(ToolVerdict.TooLong);
    }

    private bool Learn(ToolDefinition tool, bool isTwice)
    {
        var isKnown = tools.TryGetValue(tool.Name, out var known);
        if (!isKnown && tools.Count >= Most)
        {
            hasGaps = true;
            return false;
        }
        if (isKnown && known.Print == tool.Print && known.IsTwice == isTwice)
            return false;
        var size = tool.Schema is { } schema ? JsonMarshal.GetRawUtf8Value(schema).Length : 0;
        bytes -= known.Size;
        var fits = size <= ToolSchema.Longest && bytes + size <= MostBytes;
        if (!fits)
            size = 0;
        bytes += size;
        tools[tool.Name] = new Published(
            isKnown ? known.Pin : tool.Print,
            tool.Print,
            fits ? new ToolSchema(tool.Schema) : null,
            isTwice,
            size
        );
        return isKnown && known.Print != tool.Print && tool.Print != known.Pin;
    }

    private readonly record struct Published(string Pin, string Print, ToolSchema? Schema, bool IsTwice, int Size);
}
