using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>One answer to <c>tools/list</c>, which may be a page of the whole list. Pure.</summary>
/// <param name="Tools">Its tools.</param>
/// <param name="IsReadable">All of it could be read. Otherwise there may be tools that are not known here.</param>
/// <param name="Next">The cursor of the next page; null where this is the last one.</param>
internal sealed record ToolPage(IReadOnlyList<ToolDefinition> Tools, bool IsReadable, string? Next)
{
    private const int LongestName = 256;
    private const int MaxDepth = 128;

    // What a model is told of a tool. All else (icons, the schema of the output) is for programs.
    private static readonly string[] Told = ["name", "title", "description", "inputSchema", "annotations"];

    /// <summary>Reads a page; null for a message that is none.</summary>
    /// <param name="message">A JSON-RPC message.</param>
    public static ToolPage? Read(ReadOnlyMemory<byte> message)
    {
        try
        {
            var root = JsonElement.Parse(message.Span, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (
                root.ValueKind != JsonValueKind.Object
                || root.EnumerateObject().Count(member => member.NameEquals("result")) != 1
                || !root.TryGetProperty("result", out var result)
                || result.ValueKind != JsonValueKind.Object
                || !result.TryGetProperty("tools", out var list)
                || list.ValueKind != JsonValueKind.Array
            )
                return null;
            var tools = new List<ToolDefinition>();
            var isReadable = true;
            foreach (var tool in list.EnumerateArray())
            {
                if (Of(tool) is { } found)
                    tools.Add(found);
                else
                    isReadable = false;
            }
            var next =
                result.TryGetProperty("nextCursor", out var cursor) && cursor.ValueKind == JsonValueKind.String ? cursor.GetString() : null;
            return new ToolPage(tools, isReadable, next);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Whether a message that is no page may be one to a client: readers differ in what they take for JSON.</summary>
    /// <param name="message">A message for which <see cref="Read"/> gives null.</param>
    public static bool MayBeOne(ReadOnlyMemory<byte> message)
    {
        try
        {
            var root = JsonElement.Parse(message.Span, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return root.ValueKind != JsonValueKind.Object || root.TryGetProperty("result", out _);
        }
        catch (JsonException)
        {
            return true;
        }
    }

    /// <summary>The cursor that a request asks to go on from; null where it asks for the first page.</summary>
    /// <param name="request">A JSON-RPC request.</param>
    public static string? Cursor(ReadOnlyMemory<byte> request)
    {
        try
        {
            var root = JsonElement.Parse(request.Span, new JsonDocumentOptions { MaxDepth = BodyReader.MaxDepth });
            return
                root.TryGetProperty("params", out var parameters)
                && parameters.ValueKind == JsonValueKind.Object
                && parameters.TryGetProperty("cursor", out var cursor)
                && cursor.ValueKind == JsonValueKind.String
                ? cursor.GetString()
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ToolDefinition? Of(JsonElement tool)
    {
        if (
            tool.ValueKind != JsonValueKind.Object
            || !tool.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String
            || name.GetString() is not { Length: > 0 and <= LongestName } text
        )
            return null;
        var told = new JsonObject();
        foreach (var member in Told)
        {
            if (tool.TryGetProperty(member, out var value))
                told[member] = JsonNode.Parse(value.GetRawText(), documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        try
        {
            // Numbers as they stand there: what is compared is what one and the same server writes.
            var print = Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(told, number => number)));
            // A copy of its own: the rest of the list is not kept.
            JsonElement? schema = tool.TryGetProperty("inputSchema", out var published)
                ? JsonElement.Parse(published.GetRawText(), new JsonDocumentOptions { MaxDepth = MaxDepth })
                : null;
            return new ToolDefinition(text, print, schema);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // A member that is there twice, or a text that is no Unicode: clients differ in what they read.
            return null;
        }
    }
}
