using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// The fields of each format that cost nothing beside the tokens that are reserved for, whoever speaks it. Those that are read, since they
/// decide what a call can cost, stand at the readers. Sources: openai-openapi (CreateChatCompletionRequest, CreateResponse,
/// CreateEmbeddingRequest), anthropic-sdk (MessageCreateParams), Google AI (GenerateContentRequest). A field that is new in a format is not
/// here until somebody has looked at what it costs.
/// </summary>
internal static class FreeFields
{
    // How tokens are chosen, who asks, what comes back beside the text.
    private static readonly string[] OpenAi =
    [
        "frequency_penalty",
        "metadata",
        "min_p",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "repetition_penalty",
        "safety_identifier",
        "seed",
        "store",
        "temperature",
        "tool_choice",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    ];

    private static readonly string[] Chat =
    [
        .. OpenAi,
        "audio",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "reasoning_effort",
        "response_format",
        "stop",
        "tools.cache_control",
        "tools.custom",
        "tools.function",
    ];

    private static readonly string[] Responses =
    [
        .. OpenAi,
        "include",
        "instructions",
        "max_tool_calls",
        "reasoning.effort",
        "reasoning.generate_summary",
        "reasoning.summary",
        "stream_options",
        "text",
        "tools.description",
        "tools.display_height",
        "tools.display_width",
        "tools.environment",
        "tools.format",
        "tools.function",
        "tools.name",
        "tools.parameters",
        "tools.strict",
        "truncation",
    ];

    private static readonly string[] Embeddings = ["dimensions", "encoding_format", "user"];

    private static readonly string[] Messages =
    [
        "cache_control",
        "metadata",
        "output_config.effort",
        "output_config.format",
        "output_config.task_budget",
        "output_format",
        "stop_sequences",
        "temperature",
        "tool_choice",
        "tools.allowed_callers",
        "tools.allowed_domains",
        "tools.blocked_domains",
        "tools.cache_control",
        "tools.citations",
        "tools.defer_loading",
        "tools.description",
        "tools.display_height_px",
        "tools.display_number",
        "tools.display_width_px",
        "tools.eager_input_streaming",
        "tools.enable_zoom",
        "tools.input_examples",
        "tools.input_schema",
        "tools.max_characters",
        "tools.max_content_tokens",
        "tools.name",
        "tools.strict",
        "tools.user_location",
        "top_k",
        "top_p",
    ];

    private static readonly string[] Gemini =
    [
        .. BothSpellings(
            "generationConfig._responseJsonSchema",
            "generationConfig.audioTimestamp",
            "generationConfig.enableAffectiveDialog",
            "generationConfig.enableEnhancedCivicAnswers",
            "generationConfig.frequencyPenalty",
            "generationConfig.imageConfig",
            "generationConfig.logprobs",
            "generationConfig.mediaResolution",
            "generationConfig.presencePenalty",
            "generationConfig.responseJsonSchema",
            "generationConfig.responseLogprobs",
            "generationConfig.responseMimeType",
            "generationConfig.responseSchema",
            "generationConfig.seed",
            "generationConfig.stopSequences",
            "generationConfig.temperature",
            "generationConfig.topK",
            "generationConfig.topP",
            "labels",
            "safetySettings",
            "toolConfig",
            "tools.functionDeclarations"
        ),
    ];

    /// <summary>Those of a format.</summary>
    public static IReadOnlyList<string> Of(UsageApi api) =>
        api switch
        {
            UsageApi.Chat => Chat,
            UsageApi.Responses => Responses,
            UsageApi.Embeddings => Embeddings,
            UsageApi.Messages => Messages,
            UsageApi.Gemini => Gemini,
            _ => [],
        };

    /// <summary>Google's servers take either spelling (proto3's mapping to JSON).</summary>
    private static IEnumerable<string> BothSpellings(params string[] names)
    {
        foreach (var name in names)
        {
            yield return name;
            var dot = name.LastIndexOf('.') + 1;
            var snake = string.Concat(name[dot..].Select(c => char.IsAsciiLetterUpper(c) ? "_" + char.ToLowerInvariant(c) : c.ToString()));
            if (name[dot..] != snake)
                yield return name[..dot] + snake;
        }
    }
}
