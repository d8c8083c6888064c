using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads the tools of an MCP server's answer to <c>tools/list</c>, which is JSON or a stream of events. A hint counts where it stands there
/// once and is true; whatever is there twice, or cannot be read, says nothing in a tool's favour. Pure.
/// </summary>
internal static class ToolList
{
    /// <summary>The method that asks for the list.</summary>
    public const string Method = "tools/list";

    private const int LongestName = 256;

    /// <summary>The tools that an answer lists; none where it cannot be read.</summary>
    public static IReadOnlyList<ListedTool> Read(ReadOnlyMemory<byte> answer)
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var text in RpcMessage.Texts(answer))
            ReadMessage(text, found);
        return [.. found.Select(tool => new ListedTool(tool.Key, tool.Value))];
    }

    private static void ReadMessage(ReadOnlyMemory<byte> json, Dictionary<string, bool> found)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (
                Only(document.RootElement, "result") is not { } result
                || Only(result, "tools") is not { ValueKind: JsonValueKind.Array } tools
            )
                return;
            foreach (var tool in tools.EnumerateArray())
            {
                if (
                    Only(tool, "name") is not { ValueKind: JsonValueKind.String } name
                    || name.GetString() is not { Length: <= LongestName } text
                )
                    continue;
                var mayRepeat =
                    Only(tool, "annotations") is { } hints && (IsTrue(hints, "readOnlyHint") || IsTrue(hints, "idempotentHint"));
                // A name that is there twice is two tools, and which of them is called is not known.
                found[text] = mayRepeat && !found.ContainsKey(text);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What cannot be read says nothing.
        }
    }

    private static bool IsTrue(JsonElement hints, string name) => Only(hints, name) is { ValueKind: JsonValueKind.True };

    // A member that is there twice counts as none: readers differ in which of them they take.
    private static JsonElement? Only(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object)
            return null;
        JsonElement? only = null;
        foreach (var member in parent.EnumerateObject())
        {
            if (!member.NameEquals(name))
                continue;
            if (only is not null)
                return null;
            only = member.Value;
        }
        return only;
    }
}
