using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>What a tool answered, as declared failures look at it. Pure.</summary>
internal sealed class ToolContent
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256 };

    private readonly List<string> texts = [];
    private readonly List<JsonElement> documents = [];

    /// <summary>Its texts.</summary>
    public IReadOnlyList<string> Texts => texts;

    /// <summary>Its objects and lists: structured content, and texts that are JSON.</summary>
    public IReadOnlyList<JsonElement> Documents => documents;

    /// <summary>Nothing is in it: no content but white space and <see cref="IsNothing">nothing</see>.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Reads an MCP server's result.</summary>
    public static ToolContent OfResult(ReadOnlyMemory<byte> result)
    {
        var content = new ToolContent();
        var hasList = false;
        foreach (var member in JsonElement.Parse(result.Span, new JsonDocumentOptions { MaxDepth = RpcMessage.MaxDepth }).EnumerateObject())
        {
            if (member.NameEquals("structuredContent"))
                content.AddStructure(member.Value);
            if (!member.NameEquals("content") || member.Value.ValueKind != JsonValueKind.Array)
                continue;
            hasList = true;
            foreach (var block in member.Value.EnumerateArray())
                content.AddBlock(block);
        }
        content.IsEmpty &= hasList;
        return content;
    }

    /// <summary>Reads a plain HTTP tool's body.</summary>
    public static ToolContent OfBody(ReadOnlyMemory<byte> body)
    {
        var content = new ToolContent();
        content.AddText(Encoding.UTF8.GetString(body.Span));
        return content;
    }

    /// <summary>
    /// Whether a value says that something is so: it is not null, not false, not 0 and not <see cref="IsNothing">nothing</see>.
    /// </summary>
    public static bool IsSet(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.Number => value.GetRawText().AsSpan().IndexOfAnyInRange('1', '9') >= 0,
            JsonValueKind.False => false,
            _ => !IsNothing(value),
        };

    /// <summary>
    /// Whether a value is null, an empty text, or an object or a list of nothing else. A number and a boolean are something.
    /// </summary>
    public static bool IsNothing(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.String => string.IsNullOrWhiteSpace(Plain(value)),
            JsonValueKind.Array => value.EnumerateArray().All(IsNothing),
            JsonValueKind.Object => value.EnumerateObject().All(member => IsNothing(member.Value)),
            _ => false,
        };

    /// <summary>A text; as it stands there where it is no UTF-16 (a lone surrogate).</summary>
    public static string Plain(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return text.GetRawText();
        }
    }

    private void AddBlock(JsonElement block)
    {
        if (block.ValueKind == JsonValueKind.Object && Text(block) is { } text)
        {
            AddText(text);
            // A resource is something, also where its text is empty.
            IsEmpty &= block.TryGetProperty("text", out _);
        }
        else
        {
            IsEmpty = false;
        }
    }

    private static string? Text(JsonElement block)
    {
        if (block.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
            return Plain(text);
        return
            block.TryGetProperty("resource", out var resource)
            && resource.ValueKind == JsonValueKind.Object
            && resource.TryGetProperty("text", out text)
            && text.ValueKind == JsonValueKind.String
            ? Plain(text)
            : null;
    }

    private void AddText(string text)
    {
        texts.Add(text);
        var trimmed = text.AsSpan().Trim();
        if (trimmed.IsEmpty)
            return;
        try
        {
            if (trimmed[0] is '{' or '[' or '"' or 'n')
            {
                AddStructure(JsonElement.Parse(trimmed, Options));
                return;
            }
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // A text like any other.
        }
        IsEmpty = false;
    }

    private void AddStructure(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            documents.Add(value);
        IsEmpty &= IsNothing(value);
    }
}
