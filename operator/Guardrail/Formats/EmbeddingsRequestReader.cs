using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Reads what an Embeddings body can cost (openai-openapi, CreateEmbeddingRequest).</summary>
internal static class EmbeddingsRequestReader
{
    private static readonly string[] Keys = ["model", "input"];

    /// <summary>Reads a body; null and an error where it is refused.</summary>
    public static MeteredRequest? Read(ReadOnlySpan<byte> body, string? deployment, WireFacts facts, out ApiError? error)
    {
        var request = new MeteredRequest { Facts = facts, NoOutput = true };
        error = BodyReader.Read(body, Keys, facts.Fields(UsageApi.Embeddings), request, Value);
        if (error is null && request.Model.Length == 0 && deployment is null)
            error = BodyReader.Bad("missing_parameter", "model", "The request names no model.");
        return error is null ? request : null;
    }

    private static ApiError? Value(string key, ref Utf8JsonReader reader, MeteredRequest request)
    {
        if (key == "model")
            return BodyReader.ReadModel(ref reader, request);
        request.Messages = 1;
        if (reader.TokenType == JsonTokenType.String)
            return null;
        if (reader.TokenType != JsonTokenType.StartArray)
            return BodyReader.Bad("invalid_type", key, "\"input\" must be a string or an array.");
        request.Inputs = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // Numbers are the tokens of one text; everything else is a text of its own.
            if (reader.TokenType != JsonTokenType.Number || request.Inputs == 0)
                request.Inputs++;
            // Texts, tokens as numbers, or lists of them; anything else could be an image.
            request.Messages++;
            request.MediaInput |= reader.TokenType is not (JsonTokenType.String or JsonTokenType.Number or JsonTokenType.StartArray);
            reader.Skip();
        }
        return null;
    }
}
