using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads what an Anthropic Messages body can cost (anthropic-sdk, MessageCreateParams). What cannot be bounded is refused here.
/// </summary>
internal static class MessagesRequestReader
{
    private const int MostToolUses = 1000;

    private static readonly string[] Keys =
    [
        "model",
        "messages",
        "system",
        "stream",
        "max_tokens",
        "thinking",
        "tools",
        "service_tier",
        "mcp_servers",
        "container",
        "context_management",
        "speed",
        "inference_geo",
    ];

    private static readonly string[] MessageKeys = ["content"];
    private static readonly string[] BlockKeys = ["type", "content"];
    private static readonly string[] ThinkingKeys = ["budget_tokens"];
    private static readonly string[] ToolKeys = ["type", "max_uses"];
    private static readonly string[] EditsKey = ["edits"];
    private static readonly string[] TypeKey = ["type"];
    private static readonly FieldNames NoFields = new([], [], "Leave it out.");
    private static readonly byte[] Tools = "tools"u8.ToArray();

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest { Facts = facts, Insert = "\"max_tokens\":{0}," };
        error = BodyReader.Read(body, Keys, facts.Fields(UsageApi.Messages), request, Value);
        if (error is null && request.Model.Length == 0)
            error = BodyReader.Bad("missing_parameter", "model", "The request names no model.");
        if (error is null && request.Messages == 0)
            error = BodyReader.Bad("missing_parameter", "messages", "The request has no messages.");
        // Wherever it stands: a text that happens to hold it costs a dearer count of cache writes at most.
        request.LongCache = body.IndexOf("\"1h\""u8) >= 0;
        return error is null ? request : null;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        switch (key)
        {
            case "model":
                return BodyReader.ReadModel(ref reader, request);
            case "messages":
                return BodyReader.ReadObjects(ref reader, key, request, ReadMessage);
            case "system":
                return ReadContent(key, ref reader, request);
            case "stream":
                var error = BodyReader.ReadFlag(ref reader, key, out var stream);
                request.Stream = stream;
                return error;
            case "max_tokens":
                return BodyReader.ReadLimit(ref reader, key, request);
            case "thinking":
                return reader.TokenType == JsonTokenType.StartObject
                    ? BodyReader.ReadObject(ref reader, ThinkingKeys, request, ReadThinking)
                    : BodyReader.RefuseValue(ref reader, key);
            case "tools":
                if (reader.TokenType == JsonTokenType.Null)
                    return null;
                // The provider adds instructions of its own as soon as there is any tool.
                request.ToolPrompts++;
                return BodyReader.ReadObjects(ref reader, key, request, ReadTool);
            case "service_tier":
                return BodyReader.ReadServiceTier(ref reader, key, request);
            case "container":
                request.StoredInput |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
                return null;
            case "inference_geo":
                var wrong = BodyReader.ReadWord(ref reader, key, out var geography);
                request.Geography = geography;
                return wrong;
            case "context_management":
                return reader.TokenType == JsonTokenType.StartObject
                    ? BodyReader.ReadObject(ref reader, EditsKey, request, ReadEdits, NoFields)
                    : BodyReader.RefuseValue(ref reader, key);
            case "speed":
                if (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("standard"u8))
                    return null;
                return BodyReader.RefuseValue(ref reader, key);
            default:
                // What the provider runs by itself has no limit.
                return BodyReader.RefuseValue(ref reader, key);
        }
    }

    private static ApiError? ReadEdits(string key, ref Utf8JsonReader reader, MeteredRequest request) =>
        reader.TokenType == JsonTokenType.Null ? null : BodyReader.ReadObjects(ref reader, key, request, ReadEdit);

    /// <summary>An edit that only clears costs nothing; one that compacts makes the model read and write once more.</summary>
    private static ApiError? ReadEdit(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        var clears = false;
        var error = BodyReader.ReadObject(
            ref reader,
            TypeKey,
            request,
            (string _, ref Utf8JsonReader r, MeteredRequest _) =>
            {
                clears =
                    r.TokenType == JsonTokenType.String
                    && !r.ValueIsEscaped
                    && (r.ValueSpan.StartsWith("clear_tool_uses_"u8) || r.ValueSpan.StartsWith("clear_thinking_"u8));
                r.Skip();
                return null;
            }
        );
        return error
            ?? (
                clears
                    ? null
                    : BodyReader.Unbounded(
                        "context_management",
                        "An edit of the context that does not only clear cannot be bounded in cost."
                    )
            );
    }

    private static ApiError? ReadThinking(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        var error = BodyReader.ReadCount(ref reader, "thinking", int.MaxValue, out var budget);
        request.LeastOutput = Math.Max(request.LeastOutput, (budget ?? 0) + 1);
        return error;
    }

    private static ApiError? ReadMessage(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        request.Messages++;
        return BodyReader.ReadObject(ref reader, MessageKeys, request, ReadContent);
    }

    private static ApiError? ReadContent(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
            return BodyReader.ReadObjects(ref reader, key, request, ReadBlock);
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Null
            ? null
            : BodyReader.Bad("invalid_type", key, $"\"{key}\" must be a string or an array.");
    }

    private static ApiError? ReadBlock(string name, ref Utf8JsonReader reader, MeteredRequest request) =>
        BodyReader.ReadObject(
            ref reader,
            BlockKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (key == "content")
                    return ReadContent(key, ref r, q);
                q.MediaInput |=
                    r.TokenType != JsonTokenType.String
                    || !(
                        r.ValueTextEquals("text"u8)
                        || r.ValueTextEquals("thinking"u8)
                        || r.ValueTextEquals("redacted_thinking"u8)
                        || r.ValueTextEquals("tool_use"u8)
                        || r.ValueTextEquals("tool_result"u8)
                        || r.ValueTextEquals("server_tool_use"u8)
                        || r.ValueTextEquals("search_result"u8)
                    );
                // A result of the provider's own tools is there as a reference, encrypted or not, to more than it shows.
                q.StoredInput |=
                    r.TokenType == JsonTokenType.String
                    && (r.ValueTextEquals("web_search_tool_result"u8) || r.ValueTextEquals("web_fetch_tool_result"u8));
                r.Skip();
                return null;
            }
        );

    private static ApiError? ReadTool(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        string? type = null;
        long? uses = null;
        var error = BodyReader.ReadObject(
            ref reader,
            ToolKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (key == "max_uses")
                    return BodyReader.ReadCount(ref r, "tools", MostToolUses, out uses);
                type =
                    r.TokenType == JsonTokenType.String && r.ValueSpan.Length <= 64 ? r.GetString()
                    : r.TokenType == JsonTokenType.Null ? null
                    : "";
                r.Skip();
                return null;
            },
            request.Facts.Fields(UsageApi.Messages).Within(Tools)
        );
        if (error is not null || type is null or "custom")
            return error;
        request.ToolPrompts++;
        if (IsOf(type, "bash_", "text_editor_", "computer_", "memory_"))
            return null;
        if (!IsOf(type, "web_search_", "web_fetch_"))
            return BodyReader.Unbounded("tools", "A tool that the provider runs has a cost that cannot be bounded.");
        if (uses is null)
            return BodyReader.Unbounded("tools", "A web search or fetch without \"max_uses\" has a cost that cannot be bounded.");
        request.WebSearches += uses.Value;
        return null;
    }

    private static bool IsOf(string type, params ReadOnlySpan<string> families)
    {
        foreach (var family in families)
        {
            if (type.StartsWith(family, StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
