using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>Vectors of no meaning, the same for the same text, of length 1.</summary>
internal static class Vectors
{
    public static float[] Of(string text, int dimensions)
    {
        // FNV-1a, then a linear congruence for each number.
        var state = text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u);
        var vector = new float[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            state = (state * 1664525u) + 1013904223u;
            vector[i] = (state / (float)uint.MaxValue) - 0.5f;
        }
        var length = MathF.Sqrt(vector.Sum(x => x * x));
        return [.. vector.Select(x => x / length)];
    }
}

/// <summary>OpenAI Embeddings.</summary>
internal sealed class EmbeddingsFormat(bool azure = false, string? deployment = null) : OpenAIFormat
{
    private const int DefaultDimensions = 1536;

    public override string Endpoint => "embeddings";

    public override Ask Read(JsonElement request)
    {
        Need(request, deployment is null ? "model" : "input", "input");
        var texts = Texts(request.Get("input"));
        return new Ask
        {
            Model = azure ? Models.Behind(deployment ?? request.Text("model")!, embeds: true) : request.Text("model")!,
            Question = texts[^1].Text,
            Input = texts.Sum(text => text.Tokens),
        };
    }

    public override Turn Think(Ask ask, Directives orders, TimeProvider time) =>
        new(ask, orders, new Thought("", null, null), Finish.Stop, new SampleUsage(ask.Input, 0, 0), time.GetUtcNow());

    public override Reply Answer(Turn turn, JsonElement request)
    {
        var dimensions = (int)(request.Whole("dimensions") ?? DefaultDimensions);
        var base64 = request.Text("encoding_format") == "base64";
        var data = Texts(request.Get("input"))
            .Select(
                (text, index) =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["object"] = "embedding",
                            ["index"] = index,
                            ["embedding"] = Vector(Vectors.Of(text.Text, dimensions), base64),
                        }
            );
        var answer = new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. data]),
            ["model"] = turn.Model,
        };
        if (!turn.Orders.NoUsage)
            answer["usage"] = new JsonObject { ["prompt_tokens"] = turn.Usage.Prompt, ["total_tokens"] = turn.Usage.Prompt };
        return new Reply(Bytes(answer));
    }

    // A text, tokens, texts, or lists of tokens.
    private static List<(string Text, long Tokens)> Texts(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Array)
            return [One(input)];
        var items = input.EnumerateArray().ToList();
        if (items.Count == 0)
            throw new BadRequestException("Invalid 'input': input cannot be an empty array.");
        return items[0].ValueKind == JsonValueKind.Number ? [One(input)] : [.. items.Select(One)];
    }

    private static (string Text, long Tokens) One(JsonElement input) =>
        input.ValueKind == JsonValueKind.Array
            ? (input.GetRawText(), input.GetArrayLength())
            : (input.GetString()!, SampleUsage.Tokens(input.GetString()!));

    private static JsonNode Vector(float[] vector, bool base64) =>
        base64 ? Convert.ToBase64String(MemoryMarshal.AsBytes<float>(vector)) : new JsonArray([.. vector.Select(x => (JsonNode)x)]);
}
