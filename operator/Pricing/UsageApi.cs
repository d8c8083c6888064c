namespace AgentReadiness.Pricing;

/// <summary>A wire format, as far as its answers tell what a call used.</summary>
public enum UsageApi
{
    /// <summary>OpenAI Chat Completions and everything compatible.</summary>
    Chat,

    /// <summary>OpenAI Responses.</summary>
    Responses,

    /// <summary>OpenAI Embeddings.</summary>
    Embeddings,

    /// <summary>Anthropic Messages.</summary>
    Messages,

    /// <summary>Gemini generateContent and streamGenerateContent.</summary>
    Gemini,

    /// <summary>Amazon Bedrock Converse.</summary>
    Converse,
}

/// <summary>Names of <see cref="UsageApi"/> as people write them.</summary>
public static class UsageApis
{
    private static readonly Dictionary<string, UsageApi> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["chat"] = UsageApi.Chat,
        ["chat_completions"] = UsageApi.Chat,
        ["completions"] = UsageApi.Chat,
        ["responses"] = UsageApi.Responses,
        ["embeddings"] = UsageApi.Embeddings,
        ["embedding"] = UsageApi.Embeddings,
        ["messages"] = UsageApi.Messages,
        ["anthropic"] = UsageApi.Messages,
        ["gemini"] = UsageApi.Gemini,
        ["generateContent"] = UsageApi.Gemini,
        ["generate_content"] = UsageApi.Gemini,
        ["streamGenerateContent"] = UsageApi.Gemini,
        ["converse"] = UsageApi.Converse,
        ["bedrock"] = UsageApi.Converse,
    };

    /// <summary>The names.</summary>
    public static IEnumerable<string> All => Names.Keys;

    /// <summary>The format of a name; false where nothing has that name.</summary>
    public static bool TryParse(string? name, out UsageApi api) => Names.TryGetValue(name ?? "", out api);
}
