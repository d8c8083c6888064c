using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>The models that the provider lists. It answers for others, too.</summary>
internal static class Models
{
    private const long Created = 1_772_000_000;

    private static readonly string[] OpenAI = ["gpt-5.4-mini", "gpt-5.4", "gpt-4o-mini", "text-embedding-3-small"];
    private static readonly string[] Anthropic = ["claude-haiku-4-5", "claude-sonnet-4-5"];
    private static readonly string[] Gemini = ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"];

    /// <summary>The model behind an Azure deployment: the longest that its name holds, else a usual one.</summary>
    public static string Behind(string deployment, bool embeds = false) =>
        OpenAI.Where(model => deployment.Contains(model, StringComparison.Ordinal)).MaxBy(model => model.Length)
        ?? (embeds ? OpenAI[^1] : OpenAI[0]);

    /// <summary>OpenAI's list, or one of it; null where it has none of that name.</summary>
    public static JsonObject? OfOpenAI(string? id) =>
        id is null ? new() { ["object"] = "list", ["data"] = new JsonArray([.. OpenAI.Select(OpenAIModel)]) }
        : OpenAI.Contains(id) ? OpenAIModel(id)
        : null;

    /// <summary>Anthropic's list, or one of it.</summary>
    public static JsonObject? OfAnthropic(string? id) =>
        id is null
            ? new()
            {
                ["data"] = new JsonArray([.. Anthropic.Select(AnthropicModel)]),
                ["has_more"] = false,
                ["first_id"] = Anthropic[0],
                ["last_id"] = Anthropic[^1],
            }
        : Anthropic.Contains(id) ? AnthropicModel(id)
        : null;

    /// <summary>Gemini's list, or one of it.</summary>
    public static JsonObject? OfGemini(string? id) =>
        id is null ? new() { ["models"] = new JsonArray([.. Gemini.Select(GeminiModel)]) }
        : Gemini.Contains(id) ? GeminiModel(id)
        : null;

    private static JsonObject OpenAIModel(string id) =>
        new()
        {
            ["id"] = id,
            ["object"] = "model",
            ["created"] = Created,
            ["owned_by"] = "sample",
        };

    private static JsonObject AnthropicModel(string id) =>
        new()
        {
            ["type"] = "model",
            ["id"] = id,
            ["display_name"] = id,
            ["created_at"] = "2025-10-01T00:00:00Z",
            ["max_input_tokens"] = 200_000,
            ["max_tokens"] = 64_000,
            ["capabilities"] = null,
        };

    private static JsonObject GeminiModel(string id) =>
        new()
        {
            ["name"] = $"models/{id}",
            ["version"] = "001",
            ["displayName"] = id,
            ["inputTokenLimit"] = 1_048_576,
            ["outputTokenLimit"] = 65_536,
            ["supportedGenerationMethods"] = id.Contains("embedding", StringComparison.Ordinal)
                ? new JsonArray("embedContent", "batchEmbedContents")
                : new JsonArray("generateContent", "countTokens"),
        };
}
