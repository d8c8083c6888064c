using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail;

/// <summary>
/// Reads what a Chat Completions body can cost, in one pass and without building a tree (openai-openapi, CreateChatCompletionRequest).
/// What cannot be bounded from the body is refused here.
/// </summary>
internal static class ChatRequestReader
{
    /// <summary>The most choices that OpenAI accepts.</summary>
    public const int MostChoices = 128;

    private const int MaxDepth = 256;

    // Keys that decide what a call costs: each may stand at the top once, and in no other spelling, because providers differ in which one wins.
    private static readonly string[] Metered =
    [
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "service_tier",
        "prediction", "web_search_options", "modalities", "audio", "tools",
    ];

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static ChatRequest? Read(ReadOnlySpan<byte> body, out ApiError? error)
    {
        var request = new ChatRequest();
        try
        {
            error = Read(body, request);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException: a string with invalid UTF-8 or half a surrogate pair. The message could quote the body, so it is not passed on.
            error = new ApiError(400, "invalid_json", "The body is not a JSON object in UTF-8.");
        }
        return error is null ? request : null;
    }

    private static ApiError? Read(ReadOnlySpan<byte> body, ChatRequest request)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return new ApiError(400, "invalid_json", "The body is not a JSON object in UTF-8.");
        request.BodyStart = (int)reader.BytesConsumed;
        var seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Key(ref reader, out var misspelt);
            if (key < 0)
            {
                reader.Read();
                reader.Skip();
                continue;
            }
            var name = Metered[key];
            if (misspelt)
                return Bad("ambiguous_parameter", name, $"A key differs from \"{name}\" in case only: providers disagree on what that means.");
            if ((seen & (1 << key)) != 0)
                return Bad("duplicate_parameter", name, $"\"{name}\" is there more than once: providers disagree on which one counts.");
            seen |= 1 << key;
            reader.Read();
            if (Value(name, ref reader, request) is { } error)
                return error;
        }
        // The reader refuses anything after the object.
        while (reader.Read())
        {
        }
        if (request.Model.Length == 0)
            return Bad("missing_parameter", "model", "The request names no model.");
        return request.Messages == 0 ? Bad("missing_parameter", "messages", "The request has no messages.") : null;
    }

    private static int Key(ref Utf8JsonReader reader, out bool misspelt)
    {
        misspelt = false;
        for (var i = 0; i < Metered.Length; i++)
        {
            if (reader.ValueTextEquals(Metered[i]))
                return i;
        }
        // Only a key of fitting length can be another spelling; an escaped letter takes six bytes.
        if (reader.ValueSpan.Length > 120)
            return -1;
        var text = reader.GetString();
        for (var i = 0; i < Metered.Length; i++)
        {
            if (string.Equals(text, Metered[i], StringComparison.OrdinalIgnoreCase))
            {
                misspelt = true;
                return i;
            }
        }
        return -1;
    }

    private static ApiError? Value(string name, ref Utf8JsonReader reader, ChatRequest request)
    {
        switch (name)
        {
            case "model":
                if (reader.TokenType != JsonTokenType.String)
                    return Bad("invalid_type", name, "\"model\" must be a string.");
                request.Model = reader.GetString()!;
                return request.Model.Length > 256 ? Bad("invalid_value", name, "\"model\" is longer than 256 characters.") : null;
            case "messages":
                return ReadMessages(ref reader, request);
            case "stream":
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    return Bad("invalid_type", name, "\"stream\" must be true or false.");
                request.Stream = reader.TokenType == JsonTokenType.True;
                return null;
            case "stream_options":
                return ReadStreamOptions(ref reader, request);
            case "max_tokens":
                return ReadCount(ref reader, name, int.MaxValue, out _, v => request.MaxTokens = v);
            case "max_completion_tokens":
                request.LimitNullAt = (int)reader.TokenStartIndex;
                var limit = ReadCount(ref reader, name, int.MaxValue, out var presence, v => request.MaxCompletionTokens = v);
                request.LimitPresence = presence;
                return limit;
            case "n":
                return ReadCount(ref reader, name, MostChoices, out _, v => request.Choices = v);
            case "service_tier":
                if (reader.TokenType == JsonTokenType.Null)
                    return null;
                return reader.TokenType == JsonTokenType.String
                    && (reader.ValueTextEquals("auto"u8) || reader.ValueTextEquals("default"u8) || reader.ValueTextEquals("flex"u8))
                    ? null
                    : Unbounded(name, "Only the service tiers auto, default and flex are priced.");
            case "modalities":
                return ReadModalities(ref reader);
            case "tools":
                return ReadTools(ref reader);
            default:
                // prediction, web_search_options, audio: their price is not in the catalog.
                return reader.TokenType == JsonTokenType.Null ? null : Unbounded(name, $"The cost of \"{name}\" cannot be bounded.");
        }
    }

    private static ApiError? ReadCount(ref Utf8JsonReader reader, string name, int most, out Presence presence, Action<long> set)
    {
        presence = Presence.Null;
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        presence = Presence.Value;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value < 1 || value > most)
            return Unbounded(name, $"\"{name}\" must be a whole number from 1 to {most}, written without fraction or exponent.");
        set(value);
        return null;
    }

    private static ApiError? ReadStreamOptions(ref Utf8JsonReader reader, ChatRequest request)
    {
        request.StreamOptionsAt = (int)reader.TokenStartIndex;
        request.StreamOptions = Presence.Null;
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.StartObject)
            return Bad("invalid_type", "stream_options", "\"stream_options\" must be an object.");
        request.StreamOptions = Presence.Value;
        request.StreamOptionsAt = (int)reader.BytesConsumed;
        request.StreamOptionsEmpty = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            request.StreamOptionsEmpty = false;
            var isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (!isUsage)
            {
                reader.Skip();
                continue;
            }
            if (request.IncludeUsage != Presence.Absent)
                return Bad("duplicate_parameter", "stream_options", "\"include_usage\" is there more than once.");
            if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                return Bad("invalid_type", "stream_options", "\"include_usage\" must be true or false.");
            request.IncludeUsage = reader.TokenType == JsonTokenType.Null ? Presence.Null : Presence.Value;
            request.IncludeUsageAt = (int)reader.TokenStartIndex;
            request.IncludeUsageLength = (int)(reader.BytesConsumed - reader.TokenStartIndex);
            request.WantsUsage = reader.TokenType == JsonTokenType.True;
        }
        return null;
    }

    private static ApiError? ReadMessages(ref Utf8JsonReader reader, ChatRequest request)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            return Bad("invalid_type", "messages", "\"messages\" must be an array.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return Bad("invalid_type", "messages", "A message must be an object.");
            request.Messages++;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isContent = reader.ValueTextEquals("content"u8);
                var isAudio = reader.ValueTextEquals("audio"u8);
                reader.Read();
                if (isAudio && reader.TokenType != JsonTokenType.Null)
                    return Unbounded("messages", "A message refers to stored audio, whose size is not in the request.");
                if (isContent && reader.TokenType == JsonTokenType.StartArray)
                {
                    if (ReadParts(ref reader) is { } error)
                        return error;
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        return null;
    }

    private static ApiError? ReadParts(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return Bad("invalid_type", "messages", "A content part must be an object.");
            var typed = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                reader.Read();
                if (!isType)
                {
                    reader.Skip();
                    continue;
                }
                typed = true;
                if (reader.TokenType != JsonTokenType.String || !(reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("refusal"u8)))
                    return Unbounded("messages", "Only text content is priced: images, audio and files are refused.");
            }
            if (!typed)
                return Bad("missing_parameter", "messages", "A content part has no type.");
        }
        return null;
    }

    private static ApiError? ReadModalities(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.StartArray)
            return Bad("invalid_type", "modalities", "\"modalities\" must be an array.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals("text"u8))
                return Unbounded("modalities", "Only text output is priced.");
        }
        return null;
    }

    /// <summary>Functions and custom tools run at the agent; any other type is run, and billed, by the provider.</summary>
    private static ApiError? ReadTools(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.StartArray)
            return Bad("invalid_type", "tools", "\"tools\" must be an array.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return Bad("invalid_type", "tools", "A tool must be an object.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                reader.Read();
                if (!isType)
                    reader.Skip();
                else if (reader.TokenType != JsonTokenType.String || !(reader.ValueTextEquals("function"u8) || reader.ValueTextEquals("custom"u8)))
                    return Unbounded("tools", "A tool that the provider runs has a cost that cannot be bounded.");
            }
        }
        return null;
    }

    private static ApiError Bad(string code, string param, string message) => new(400, code, message) { Param = param };

    private static ApiError Unbounded(string param, string message) => new(400, "unbounded_cost", message) { Param = param };
}
