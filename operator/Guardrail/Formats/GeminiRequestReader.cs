using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads what a Gemini generateContent body can cost (Google AI, GenerateContentRequest). The model stands in the path. Google's servers
/// take snake_case for camelCase: either is read, and both at once are one field that is there twice.
/// </summary>
internal static class GeminiRequestReader
{
    private const int MostCandidates = 8;

    private static readonly string[] Keys =
    [
        "contents",
        "systemInstruction",
        "tools",
        "generationConfig",
        "cachedContent",
        "serviceTier",
        "model",
    ];
    private static readonly string[] ConfigKeys =
    [
        "maxOutputTokens",
        "candidateCount",
        "responseModalities",
        "thinkingConfig",
        "speechConfig",
    ];
    private static readonly string[] ThinkingKeys = ["thinkingBudget"];
    private static readonly string[] ContentKeys = ["parts"];
    private static readonly string[] PartKeys = ["inlineData", "fileData", "functionResponse", "executableCode", "codeExecutionResult"];
    private static readonly byte[] Tools = "tools"u8.ToArray();
    private static readonly byte[] Config = "generationConfig"u8.ToArray();

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, string model, bool stream, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest
        {
            Facts = facts,
            EitherSpelling = true,
            Stream = stream,
            Insert = "\"generationConfig\":{\"maxOutputTokens\":{0}},",
        };
        error = BodyReader.Read(body, Keys, facts.Fields(UsageApi.Gemini), request, Value);
        if (error is null && request.Messages == 0)
            error = BodyReader.Bad("missing_parameter", "contents", "The request has no contents.");
        // The path's is the model that answers, and the one that is looked at.
        if (error is null && request.Model.Length > 0 && request.Model != model)
            error = BodyReader.Bad("ambiguous_parameter", "model", $"The path names \"{model}\": leave \"model\" out of the body.");
        request.Model = model;
        return error is null ? request : null;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        switch (key)
        {
            case "contents":
                if (reader.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref reader, key, request, ReadContent);
                return ReadOne(key, ref reader, request);
            case "systemInstruction":
                return ReadOne(key, ref reader, request);
            case "generationConfig":
                if (reader.TokenType == JsonTokenType.Null)
                {
                    return BodyReader.Bad(
                        "invalid_type",
                        key,
                        "\"generationConfig\" must be an object; leave it out where there is nothing to configure."
                    );
                }
                if (reader.TokenType != JsonTokenType.StartObject)
                    return BodyReader.Bad("invalid_type", key, "\"generationConfig\" must be an object.");
                request.InsertAt = (int)reader.BytesConsumed;
                var copy = reader;
                copy.Read();
                request.Insert = copy.TokenType == JsonTokenType.EndObject ? "\"maxOutputTokens\":{0}" : "\"maxOutputTokens\":{0},";
                return BodyReader.ReadObject(
                    ref reader,
                    ConfigKeys,
                    request,
                    ReadConfig,
                    request.Facts.Fields(UsageApi.Gemini).Within(Config)
                );
            case "tools":
                if (reader.TokenType == JsonTokenType.Null)
                    return null;
                request.ToolPrompts++;
                return BodyReader.ReadObjects(ref reader, key, request, ReadTool);
            case "model":
                var error = BodyReader.ReadModel(ref reader, request);
                const string prefix = "models/";
                if (request.Model.StartsWith(prefix, StringComparison.Ordinal))
                    request.Model = request.Model[prefix.Length..];
                return error;
            case "serviceTier":
                return BodyReader.ReadServiceTier(ref reader, key, request);
            default:
                request.StoredInput |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
                return null;
        }
    }

    private static ApiError? ReadConfig(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        switch (key)
        {
            case "maxOutputTokens":
                return BodyReader.ReadLimit(ref reader, key, request);
            case "candidateCount":
                var error = BodyReader.ReadCount(ref reader, key, MostCandidates, out var candidates);
                request.Choices = candidates ?? 1;
                return error;
            case "thinkingConfig":
                if (reader.TokenType == JsonTokenType.StartObject)
                    return BodyReader.ReadObject(ref reader, ThinkingKeys, request, ReadThinking);
                return BodyReader.RefuseValue(ref reader, key);
            case "responseModalities":
                if (reader.TokenType != JsonTokenType.StartArray)
                    return BodyReader.RefuseValue(ref reader, key);
                var (named, text) = (0, 0);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    named++;
                    text += reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("TEXT"u8) ? 1 : 0;
                    reader.Skip();
                }
                request.TextOnly = named > 0 && named == text;
                return null;
            default:
                // How speech sounds, where the modalities have it.
                reader.Skip();
                return null;
        }
    }

    private static ApiError? ReadThinking(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        // -1 lets the model decide, 0 turns thinking off; both leave the output limit as it is.
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var budget) && budget is >= -1 and <= int.MaxValue)
        {
            request.LeastOutput = Math.Max(request.LeastOutput, budget + 1);
            return null;
        }
        return BodyReader.RefuseValue(ref reader, "thinkingConfig");
    }

    private static ApiError? ReadOne(string key, ref Utf8JsonReader reader, MeteredRequest request) =>
        reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadContent(key, ref reader, request),
            JsonTokenType.Null or JsonTokenType.String => null,
            _ => BodyReader.Bad("invalid_type", key, $"\"{key}\" must be an object."),
        };

    /// <summary>Reads a content: its parts may be media.</summary>
    internal static ApiError? ReadContent(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        request.Messages++;
        return BodyReader.ReadObject(
            ref reader,
            ContentKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                if (r.TokenType == JsonTokenType.StartArray)
                    return BodyReader.ReadObjects(ref r, key, q, ReadPart);
                return r.TokenType == JsonTokenType.StartObject ? ReadPart(key, ref r, q) : BodyReader.RefuseValue(ref r, key);
            }
        );
    }

    private static ApiError? ReadPart(string name, ref Utf8JsonReader reader, MeteredRequest request) =>
        BodyReader.ReadObject(
            ref reader,
            PartKeys,
            request,
            (string key, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                // A function's answer may carry media of its own.
                q.MediaInput |= key is "inlineData" or "fileData" || (key == "functionResponse" && HasParts(r));
                r.Skip();
                return null;
            }
        );

    private static bool HasParts(Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("parts"u8))
                return true;
            reader.Read();
            reader.Skip();
        }
        return false;
    }

    /// <summary>The agent runs functions; whatever else a tool may be, the provider runs.</summary>
    private static ApiError? ReadTool(string name, ref Utf8JsonReader reader, MeteredRequest request) =>
        BodyReader.ReadObject(ref reader, [], request, ReadNothing, request.Facts.Fields(UsageApi.Gemini).Within(Tools));

    private static ApiError? ReadNothing(string key, ref Utf8JsonReader reader, MeteredRequest request) => null;
}
