using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads what a Gemini embedContent or batchEmbedContents body can cost (Google AI, EmbedContentRequest and BatchEmbedContentsRequest). The
/// model stands in the path; each request of a batch repeats it. The answer tells no usage, so that what was reserved counts.
/// </summary>
internal static class GeminiEmbeddingReader
{
    private const string ModelPrefix = "models/";

    private static readonly string[] Keys = ["model", "content", "requests"];
    private static readonly FieldNames Fields = new(
        ["taskType", "task_type", "title", "outputDimensionality", "output_dimensionality", "autoTruncate", "auto_truncate"],
        [],
        "Leave it out."
    );

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, string model, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest
        {
            Facts = facts,
            EitherSpelling = true,
            NoOutput = true,
            Model = model,
            Inputs = 0,
        };
        error = BodyReader.Read(body, Keys, Fields, request, Value);
        if (error is null && request.Inputs == 0)
            error = BodyReader.Bad("missing_parameter", "content", "The request has no content.");
        return error is null ? request : null;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        switch (key)
        {
            case "model":
                var named = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
                return named == request.Model || named == ModelPrefix + request.Model
                    ? null
                    : BodyReader.Bad("ambiguous_parameter", key, $"The path names \"{request.Model}\", and the body another model.");
            case "content" when reader.TokenType == JsonTokenType.StartObject:
                request.Inputs++;
                return GeminiRequestReader.ReadContent(key, ref reader, request);
            case "content":
                return BodyReader.Bad("invalid_type", key, "\"content\" must be an object.");
            default:
                return BodyReader.ReadObjects(
                    ref reader,
                    key,
                    request,
                    (string _, ref Utf8JsonReader one, MeteredRequest all) => BodyReader.ReadObject(ref one, Keys[..2], all, Value, Fields)
                );
        }
    }
}
