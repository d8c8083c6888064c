using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads what a Chat Completions body can cost (openai-openapi, CreateChatCompletionRequest). What cannot be bounded is refused here.
/// </summary>
internal static class ChatRequestReader
{
    /// <summary>The most choices that OpenAI accepts.</summary>
    public const int MostChoices = 128;

    private static readonly string[] Keys =
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "service_tier",
        "prediction",
        "web_search_options",
        "modalities",
        "tools",
    ];

    private static readonly string[] OptionKeys = ["include_usage"];
    private static readonly byte[] Tools = "tools"u8.ToArray();
    private static readonly string[] MessageKeys = ["content", "audio"];
    private static readonly string[] TypeKey = ["type"];

    // What is text in a message, beside its content: what SDKs and frameworks send back of an answer.
    private static readonly FieldNames MessageFields = new(
        [
            "annotations",
            "cache_control",
            "extra_content",
            "function_call",
            "logprobs",
            "metadata",
            "provider_specific_fields",
            "reasoning",
            "reasoning_content",
            "reasoning_details",
            "thinking_blocks",
            "tool_calls",
        ],
        [],
        ""
    )
    {
        MayHoldMedia = true,
    };
    private static readonly KeyReader ReadPart = new PartReader(["text"u8.ToArray(), "refusal"u8.ToArray()], needsType: true).Read;

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    /// <param name="body">The body.</param>
    /// <param name="deployment">The model where the body may leave it out.</param>
    /// <param name="facts">What is known about the provider.</param>
    /// <param name="error">Why it is refused.</param>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, string? deployment, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest { Facts = facts, Insert = $"\"{facts.OutputLimit}\":{{0}}," };
        var usage = new UsageOption();
        error = BodyReader.Read(
            body,
            Keys,
            facts.Fields(UsageApi.Chat),
            request,
            (string key, ref Utf8JsonReader reader, MeteredRequest r) => Value(key, ref reader, r, ref usage)
        );
        if (error is null && request.Model.Length == 0 && deployment is null)
            error = BodyReader.Bad("missing_parameter", "model", "The request names no model.");
        if (error is null && request.Messages == 0)
            error = BodyReader.Bad("missing_parameter", "messages", "The request has no messages.");
        if (error is not null)
            return null;
        if (request.Stream && !usage.Wanted && facts.AsksUsage)
        {
            request.HideUsage = true;
            request.Extra.Add(usage.Ask(request.InsertAt));
        }
        return request;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request, ref UsageOption usage)
    {
        switch (key)
        {
            case "model":
                return BodyReader.ReadModel(ref reader, request);
            case "messages":
                return BodyReader.ReadObjects(ref reader, key, request, ReadMessage);
            case "stream":
                var wrong = BodyReader.ReadFlag(ref reader, key, out var stream);
                request.Stream = stream;
                return wrong;
            case "stream_options":
                return usage.Read(ref reader, request);
            case "max_tokens":
            case "max_completion_tokens":
                return ReadLimit(ref reader, key, request);
            case "n":
                var refused = BodyReader.ReadCount(ref reader, key, MostChoices, out var choices);
                request.Choices = choices ?? 1;
                return refused;
            case "service_tier":
                return BodyReader.ReadServiceTier(ref reader, key, request);
            case "modalities":
                return ReadModalities(ref reader, request);
            case "tools":
                return reader.TokenType == JsonTokenType.Null ? null : BodyReader.ReadObjects(ref reader, key, request, ReadTool);
            default:
                // A prediction is billed as output, whatever its length; a search of the provider's has no limit here.
                return BodyReader.RefuseValue(ref reader, key);
        }
    }

    private static ApiError? ReadLimit(ref Utf8JsonReader reader, string key, MeteredRequest request)
    {
        if (BodyReader.ReadLimit(ref reader, key, request) is { } error)
            return error;
        var spot = request.Limits[^1];
        // A null is filled in where a limit would be put in, and left alone elsewhere.
        if (spot.Value is null ? key == request.Facts.OutputLimit : request.Facts.Bounds(key))
            return null;
        request.Limits.RemoveAt(request.Limits.Count - 1);
        if (spot.Value is not null)
            request.VainLimits.Add(spot);
        return null;
    }

    private static ApiError? ReadMessage(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        request.Messages++;
        return BodyReader.ReadObject(
            ref reader,
            MessageKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (key == "audio")
                {
                    q.StoredInput |= r.TokenType != JsonTokenType.Null;
                    r.Skip();
                    return null;
                }
                if (r.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref r, "messages", q, ReadPart);
                return r.TokenType is JsonTokenType.String or JsonTokenType.Null
                    ? null
                    : BodyReader.Bad("invalid_type", "content", "\"content\" must be a string or an array.");
            },
            MessageFields
        );
    }

    private static ApiError? ReadModalities(ref Utf8JsonReader reader, MeteredRequest request)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.StartArray)
            return BodyReader.Bad("invalid_type", "modalities", "\"modalities\" must be an array.");
        var (named, text) = (0, 0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            named++;
            text += reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("text"u8) ? 1 : 0;
            reader.Skip();
        }
        request.TextOnly = named > 0 && named == text;
        return null;
    }

    /// <summary>Functions and custom tools run at the agent; any other type is run, and billed, by the provider.</summary>
    private static ApiError? ReadTool(string name, ref Utf8JsonReader reader, MeteredRequest request) =>
        BodyReader.ReadObject(
            ref reader,
            TypeKey,
            request,
            (string _, ref Utf8JsonReader r, MeteredRequest _) =>
                r.TokenType == JsonTokenType.String && (r.ValueTextEquals("function"u8) || r.ValueTextEquals("custom"u8))
                    ? null
                    : BodyReader.Unbounded("tools", "A tool that the provider runs has a cost that cannot be bounded."),
            request.Facts.Fields(UsageApi.Chat).Within(Tools)
        );

    /// <summary>stream_options.include_usage: whether it is wanted, and how to ask for it where it is not.</summary>
    private struct UsageOption
    {
        private Splice? ask;

        public bool Wanted { get; private set; }

        public readonly Splice Ask(int start) => ask ?? Splice.Of(start, 0, "\"stream_options\":{\"include_usage\":true},");

        public ApiError? Read(ref Utf8JsonReader reader, MeteredRequest request)
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                ask = Splice.Of((int)reader.TokenStartIndex, 4, "{\"include_usage\":true}");
                return null;
            }
            if (reader.TokenType != JsonTokenType.StartObject)
                return BodyReader.Bad("invalid_type", "stream_options", "\"stream_options\" must be an object.");
            var start = (int)reader.BytesConsumed;
            var copy = reader;
            copy.Read();
            var empty = copy.TokenType == JsonTokenType.EndObject;
            var (wanted, at, length) = (false, -1, 0);
            var error = BodyReader.ReadObject(
                ref reader,
                OptionKeys,
                request,
                (string key, ref Utf8JsonReader r, MeteredRequest _) =>
                {
                    (at, length) = ((int)r.TokenStartIndex, (int)(r.BytesConsumed - r.TokenStartIndex));
                    return BodyReader.ReadFlag(ref r, key, out wanted);
                }
            );
            Wanted = wanted;
            ask =
                at >= 0 ? Splice.Of(at, length, "true") : Splice.Of(start, 0, empty ? "\"include_usage\":true" : "\"include_usage\":true,");
            return error;
        }
    }
}
