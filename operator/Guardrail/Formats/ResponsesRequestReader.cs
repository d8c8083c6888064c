using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Reads what a Responses body can cost (openai-openapi, CreateResponse). What cannot be bounded is refused here.</summary>
internal static class ResponsesRequestReader
{
    private static readonly string[] Keys =
    [
        "instructions",
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

    private static readonly byte[] Tools = "tools"u8.ToArray();
    private static readonly string[] ItemKeys = ["type", "id", "content", "output", "encrypted_content", "tools"];

    // Items of which all that the model reads stands in them.
    private static readonly byte[][] WholeItems =
    [
        "apply_patch_call"u8.ToArray(),
        "apply_patch_call_output"u8.ToArray(),
        "computer_call"u8.ToArray(),
        "computer_call_output"u8.ToArray(),
        "custom_tool_call"u8.ToArray(),
        "custom_tool_call_output"u8.ToArray(),
        "function_call"u8.ToArray(),
        "function_call_output"u8.ToArray(),
        "local_shell_call"u8.ToArray(),
        "local_shell_call_output"u8.ToArray(),
        "shell_call"u8.ToArray(),
        "shell_call_output"u8.ToArray(),
    ];

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
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest { Facts = facts, Insert = "\"max_output_tokens\":{0}," };
        error = BodyReader.Read(body, Keys, facts.Fields(UsageApi.Responses), request, Value);
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
            case "instructions":
                request.Messages++;
                if (reader.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref reader, key, request, ReadItem);
                return reader.TokenType is JsonTokenType.String or JsonTokenType.Null
                    ? null
                    : BodyReader.Bad("invalid_type", key, $"\"{key}\" must be a string or an array.");
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

    /// <summary>
    /// Reads an item. What it does not hold itself, the provider has stored: an item of which the type is left out is a reference where it
    /// has no content (openai-openapi, ItemReferenceParam), what the model thought is looked up by its id where it is not there encrypted,
    /// and what the provider's own tools found is not in their calls.
    /// </summary>
    private static ApiError? ReadItem(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        request.Messages++;
        var (kind, content, id) = (Item.Message, false, false);
        var error = BodyReader.ReadObject(
            ref reader,
            ItemKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                switch (key)
                {
                    case "type":
                        kind = KindOf(ref r);
                        break;
                    case "tools":
                        // Tools that come with an item are as good as those of the request.
                        return r.TokenType == JsonTokenType.StartArray
                            ? BodyReader.ReadObjects(ref r, key, q, ReadTool)
                            : BodyReader.RefuseValue(ref r, key);
                    case "id":
                        id = r.TokenType != JsonTokenType.Null;
                        break;
                    default:
                        // An empty text says nothing that could be read.
                        content |= r.TokenType == JsonTokenType.String ? r.ValueSpan.Length > 0 : r.TokenType != JsonTokenType.Null;
                        if (r.TokenType == JsonTokenType.StartArray)
                            return BodyReader.ReadObjects(ref r, "input", q, ReadPart);
                        // A screenshot is an object; a function's output may be one too, and then counts as if it were an image.
                        q.MediaInput |= r.TokenType == JsonTokenType.StartObject;
                        break;
                }
                r.Skip();
                return null;
            }
        );
        request.StoredInput |= kind switch
        {
            Item.Whole => false,
            Item.Message or Item.Thought => !content && id,
            _ => true,
        };
        return error;
    }

    private enum Item
    {
        /// <summary>All that the model reads stands in it.</summary>
        Whole,

        /// <summary>A message, with or without its type.</summary>
        Message,

        /// <summary>What the model thought.</summary>
        Thought,

        /// <summary>Anything else: a reference, or a call of a tool of the provider, whose result is stored.</summary>
        Other,
    }

    private static Item KindOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return Item.Message;
        if (reader.TokenType != JsonTokenType.String)
            return Item.Other;
        if (reader.ValueTextEquals("message"u8))
            return Item.Message;
        if (reader.ValueTextEquals("reasoning"u8))
            return Item.Thought;
        foreach (var type in WholeItems)
        {
            if (reader.ValueTextEquals(type))
                return Item.Whole;
        }
        return Item.Other;
    }

    /// <summary>What the agent runs itself costs tokens only; any other tool is run, and billed, by the provider.</summary>
    private static ApiError? ReadTool(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        var typed = false;
        var error = BodyReader.ReadObject(
            ref reader,
            TypeKey,
            request,
            (string _, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                typed = true;
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
            },
            request.Facts.Fields(UsageApi.Responses).Within(Tools)
        );
        return error ?? (typed ? null : BodyReader.Bad("missing_parameter", "tools", "A tool has no type: add it."));
    }
}
