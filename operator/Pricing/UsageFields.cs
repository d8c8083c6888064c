using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// The names of counts on the wire. Sources: openai-openapi (CompletionUsage, ResponseUsage), anthropic-sdk (usage, message_delta_usage),
/// Google AI (UsageMetadata), Amazon Bedrock (TokenUsage), Perplexity (citation_tokens, reasoning_tokens beside the counts).
/// </summary>
internal static class UsageFields
{
    private static readonly (string Name, UsageCount Count)[] OpenAi =
    [
        ("prompt_tokens", UsageCount.Input),
        ("completion_tokens", UsageCount.Output),
        ("input_tokens", UsageCount.Input),
        ("output_tokens", UsageCount.Output),
        ("total_tokens", UsageCount.Total),
        ("cached_tokens", UsageCount.Cached),
        ("prompt_cache_hit_tokens", UsageCount.Cached),
        ("reasoning_tokens", UsageCount.ReasoningApart),
        ("citation_tokens", UsageCount.Citations),
        ("num_search_queries", UsageCount.Searches),
    ];

    private static readonly (string Name, UsageCount Count)[] OpenAiInput =
    [
        ("cached_tokens", UsageCount.Cached),
        ("cache_write_tokens", UsageCount.Written),
        ("audio_tokens", UsageCount.AudioIn),
        ("image_tokens", UsageCount.ImageIn),
        ("video_tokens", UsageCount.VideoIn),
    ];

    private static readonly (string Name, UsageCount Count)[] OpenAiOutput =
    [
        ("reasoning_tokens", UsageCount.Reasoning),
        ("audio_tokens", UsageCount.AudioOut),
        ("image_tokens", UsageCount.ImageOut),
    ];

    private static readonly (string Name, UsageCount Count)[] Anthropic =
    [
        ("input_tokens", UsageCount.Input),
        ("output_tokens", UsageCount.Output),
        ("cache_creation_input_tokens", UsageCount.Written),
        ("cache_read_input_tokens", UsageCount.Cached),
    ];

    private static readonly (string Name, UsageCount Count)[] AnthropicWritten =
    [
        ("ephemeral_5m_input_tokens", UsageCount.Written5m),
        ("ephemeral_1h_input_tokens", UsageCount.Written1h),
    ];

    private static readonly (string Name, UsageCount Count)[] AnthropicTools = [("web_search_requests", UsageCount.Searches)];
    private static readonly (string Name, UsageCount Count)[] AnthropicOutput = [("thinking_tokens", UsageCount.Reasoning)];

    private static readonly (string Name, UsageCount Count)[] Google =
    [
        ("promptTokenCount", UsageCount.Input),
        ("candidatesTokenCount", UsageCount.Output),
        ("thoughtsTokenCount", UsageCount.ReasoningApart),
        ("cachedContentTokenCount", UsageCount.Cached),
        ("toolUsePromptTokenCount", UsageCount.ToolInput),
        ("totalTokenCount", UsageCount.Total),
    ];

    private static readonly (string Name, UsageCount Count)[] Amazon =
    [
        ("inputTokens", UsageCount.Input),
        ("outputTokens", UsageCount.Output),
        ("cacheReadInputTokens", UsageCount.Cached),
        ("cacheWriteInputTokens", UsageCount.Written),
    ];

    /// <summary>The names that stand in the usage object of a format itself.</summary>
    public static (string Name, UsageCount Count)[] Of(UsageApi api) =>
        api switch
        {
            UsageApi.Messages => Anthropic,
            UsageApi.Gemini => Google,
            UsageApi.Converse => Amazon,
            _ => OpenAi,
        };

    /// <summary>The names within a member of the usage object that is an object itself; null where none are known.</summary>
    /// <param name="api">The format.</param>
    /// <param name="reader">Stands on the member's name.</param>
    public static (string Name, UsageCount Count)[]? Within(UsageApi api, ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8) ? OpenAiInput
        : reader.ValueTextEquals("cache_creation"u8) ? AnthropicWritten
        : reader.ValueTextEquals("server_tool_use"u8) ? AnthropicTools
        : reader.ValueTextEquals("completion_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8)
            ? api == UsageApi.Messages ? AnthropicOutput
                : OpenAiOutput
        : null;

    /// <summary>The count that a property is; null where it is none.</summary>
    public static UsageCount? Find((string Name, UsageCount Count)[] table, ref Utf8JsonReader reader)
    {
        foreach (var (name, count) in table)
        {
            if (reader.ValueTextEquals(name))
                return count;
        }
        return null;
    }
}
