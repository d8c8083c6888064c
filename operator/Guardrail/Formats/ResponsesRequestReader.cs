using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Reads what a Responses body can cost (openai-openapi, CreateResponse). What cannot be bounded is refused here.</summary>
internal static class ResponsesRequestReader
{
    private static readonly string[] Keys =
    [
        "model",
        "input",
        "stream",
        "max_output_tokens",
        "service_tier",
        "tools",
        "background",
        "previous_response_id",
        "conversation",
        "prompt",
        "context_management",
    ];

    private static readonly string[] ItemKeys = ["type", "content", "output"];
    private static readonly string[] TypeKey = ["type"];

    // What a shell wrote has no type.
    private static readonly KeyReader ReadPart = new PartReader(
        [
            "input_text"u8.ToArray(),
            "output_text"u8.ToArray(),
            "refusal"u8.ToArray(),
            "text"u8.ToArray(),
            "summary_text"u8.ToArray(),
            "reasoning_text"u8.ToArray(),
        ],
        needsType: false
    ).Read;

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, out ApiError? error)
    {
        var request = new MeteredRequest { Insert = "\"max_output_tokens\":{0}," };
        error = BodyReader.Read(body, Keys, request, Value);
        if (error is null && request.Model.Length == 0)
            error = BodyReader.Bad(
                "missing_parameter",
                "model",
                "The request names no model; a stored prompt's own model cannot be priced."
            );
        return error is null ? request : null;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        ApiError? error;
        switch (key)
        {
            case "model":
                return BodyReader.ReadModel(ref reader, request);
            case "input":
                request.Messages++;
                if (reader.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref reader, key, request, ReadItem);
                return reader.TokenType is JsonTokenType.String or JsonTokenType.Null
                    ? null
                    : BodyReader.Bad("invalid_type", key, "\"input\" must be a string or an array.");
            case "stream":
                error = BodyReader.ReadFlag(ref reader, key, out var stream);
                request.Stream = stream;
                return error;
            case "background":
                error = BodyReader.ReadFlag(ref reader, key, out var background);
                request.Background = background;
                return error;
            case "max_output_tokens":
                return BodyReader.ReadLimit(ref reader, key, request);
            case "service_tier":
                return BodyReader.ReadServiceTier(ref reader, key, request);
            case "tools":
                return reader.TokenType == JsonTokenType.Null ? null : BodyReader.ReadObjects(ref reader, key, request, ReadTool);
            case "previous_response_id":
                if (reader.TokenType == JsonTokenType.String)
                    request.PreviousId = reader.ValueSpan.Length <= 256 ? reader.GetString() : null;
                request.StoredInput |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
                return null;
            case "conversation":
            case "prompt":
                request.StoredInput |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
                return null;
            default:
                // A context that the provider compacts by itself is read, and billed, more than once.
                return BodyReader.RefuseValue(ref reader, key);
        }
    }

    private static ApiError? ReadItem(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        request.Messages++;
        return BodyReader.ReadObject(
            ref reader,
            ItemKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (key == "type")
                {
                    q.StoredInput |= r.ValueTextEquals("item_reference"u8);
                    return null;
                }
                if (r.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref r, "input", q, ReadPart);
                // A screenshot is an object; a function's output may be one too, and then counts as if it were an image.
                q.MediaInput |= r.TokenType == JsonTokenType.StartObject;
                r.Skip();
                return null;
            }
        );
    }

    /// <summary>What the agent runs itself costs tokens only; any other tool is run, and billed, by the provider.</summary>
    private static ApiError? ReadTool(string name, ref Utf8JsonReader reader, MeteredRequest request) =>
        BodyReader.ReadObject(
            ref reader,
            TypeKey,
            request,
            (string _, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (r.TokenType == JsonTokenType.String && (r.ValueTextEquals("function"u8) || r.ValueTextEquals("custom"u8)))
                    return null;
                q.ToolPrompts++;
                return
                    r.TokenType == JsonTokenType.String
                    && (
                        r.ValueTextEquals("local_shell"u8)
                        || r.ValueTextEquals("apply_patch"u8)
                        || r.ValueTextEquals("computer_use_preview"u8)
                        || r.ValueTextEquals("computer"u8)
                    )
                    ? null
                    : BodyReader.Unbounded("tools", "A tool that the provider runs has a cost that cannot be bounded.");
            }
        );
}
