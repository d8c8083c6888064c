using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// The counts of a usage object as they stand on the wire, and what they mean. Sources: openai-openapi (CompletionUsage, ResponseUsage),
/// anthropic-sdk (usage, message_delta_usage), Google AI (UsageMetadata), Amazon Bedrock (TokenUsage).
/// </summary>
internal sealed class UsageCounts
{
    private enum Count
    {
        Input,
        Output,
        Total,
        Cached,
        Written,
        Written5m,
        Written1h,
        Reasoning,
        AudioIn,
        AudioOut,
        ImageIn,
        ImageOut,
        VideoIn,
        VideoOut,
        CachedAudio,
        CachedImage,
        Searches,
        ToolInput,
        ReasoningApart,
        Citations,
        Last,
    }

    private static readonly (string Name, Count Count)[] OpenAi =
    [
        ("prompt_tokens", Count.Input),
        ("completion_tokens", Count.Output),
        ("input_tokens", Count.Input),
        ("output_tokens", Count.Output),
        ("total_tokens", Count.Total),
        ("cached_tokens", Count.Cached),
        ("prompt_cache_hit_tokens", Count.Cached),
        ("reasoning_tokens", Count.ReasoningApart),
        ("citation_tokens", Count.Citations),
        ("num_search_queries", Count.Searches),
    ];

    private static readonly (string Name, Count Count)[] OpenAiInput =
    [
        ("cached_tokens", Count.Cached),
        ("cache_write_tokens", Count.Written),
        ("audio_tokens", Count.AudioIn),
        ("image_tokens", Count.ImageIn),
    ];

    private static readonly (string Name, Count Count)[] OpenAiOutput =
    [
        ("reasoning_tokens", Count.Reasoning),
        ("audio_tokens", Count.AudioOut),
        ("image_tokens", Count.ImageOut),
    ];

    private static readonly (string Name, Count Count)[] Anthropic =
    [
        ("input_tokens", Count.Input),
        ("output_tokens", Count.Output),
        ("cache_creation_input_tokens", Count.Written),
        ("cache_read_input_tokens", Count.Cached),
    ];

    private static readonly (string Name, Count Count)[] AnthropicWritten =
    [
        ("ephemeral_5m_input_tokens", Count.Written5m),
        ("ephemeral_1h_input_tokens", Count.Written1h),
    ];

    private static readonly (string Name, Count Count)[] AnthropicTools = [("web_search_requests", Count.Searches)];
    private static readonly (string Name, Count Count)[] AnthropicOutput = [("thinking_tokens", Count.Reasoning)];

    private static readonly (string Name, Count Count)[] Google =
    [
        ("promptTokenCount", Count.Input),
        ("candidatesTokenCount", Count.Output),
        ("thoughtsTokenCount", Count.ReasoningApart),
        ("cachedContentTokenCount", Count.Cached),
        ("toolUsePromptTokenCount", Count.ToolInput),
        ("totalTokenCount", Count.Total),
    ];

    private static readonly (string Name, Count Count)[] Amazon =
    [
        ("inputTokens", Count.Input),
        ("outputTokens", Count.Output),
        ("cacheReadInputTokens", Count.Cached),
        ("cacheWriteInputTokens", Count.Written),
    ];

    private readonly UsageApi api;
    private readonly bool reasoningApart;
    private readonly long[] counts = new long[(int)Count.Last];
    private uint seen;

    /// <param name="api">The format.</param>
    /// <param name="provider">The provider's id in the catalog, where known: two of them count reasoning beside the output in OpenAI's
    /// format.</param>
    public UsageCounts(UsageApi api, string? provider)
    {
        this.api = api;
        reasoningApart = api == UsageApi.Gemini || provider is "x-ai" or "perplexity";
    }

    /// <summary>The service tier that stood beside the counts (Anthropic).</summary>
    public string? ServiceTier { get; private set; }

    /// <summary>Forgets everything: the next usage object stands for itself.</summary>
    public void Clear()
    {
        Array.Clear(counts);
        seen = 0;
    }

    /// <summary>Reads a usage object; a count that is there replaces the one before. False where a count is no count.</summary>
    /// <param name="reader">Stands on the object's start, and on success ends on its end.</param>
    public bool Read(ref Utf8JsonReader reader)
    {
        var table = api switch
        {
            UsageApi.Messages => Anthropic,
            UsageApi.Gemini => Google,
            UsageApi.Converse => Amazon,
            _ => OpenAi,
        };
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Find(table, ref reader) is { } count)
            {
                if (!Take(count, ref reader))
                    return false;
            }
            else if (!ReadDetails(ref reader))
            {
                return false;
            }
        }
        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>What the counts mean; null where they prove nothing.</summary>
    public TokenUsage? ToUsage()
    {
        // Without a count of the input nothing is known; a reply without candidates has no count of the output.
        if (!Has(Count.Input) || !(Has(Count.Output) || api is UsageApi.Gemini or UsageApi.Embeddings))
            return null;
        var input = this[Count.Input] + this[Count.ToolInput];
        var written = this[Count.Written];
        var writtenLong = this[Count.Written1h];
        var output = this[Count.Output];
        var reasoning = this[Count.Reasoning];
        if (api is UsageApi.Messages or UsageApi.Converse)
        {
            written = Math.Max(written, this[Count.Written5m] + writtenLong);
            input += written + this[Count.Cached];
        }
        else if (reasoningApart)
        {
            reasoning += this[Count.ReasoningApart];
            output += reasoning + this[Count.Citations];
        }
        else
        {
            reasoning = Math.Max(reasoning, Math.Min(this[Count.ReasoningApart], output));
        }
        // Providers of OpenAI's format that think beside the output show it in the total alone.
        if (api == UsageApi.Chat && this[Count.Total] > input + output)
        {
            reasoning += this[Count.Total] - input - output;
            output = this[Count.Total] - input;
        }
        var usage = new TokenUsage(input, this[Count.Cached], written, output)
        {
            CacheWriteLong = writtenLong,
            Reasoning = reasoning,
            InputAudio = this[Count.AudioIn],
            CachedAudio = this[Count.CachedAudio],
            OutputAudio = this[Count.AudioOut],
            InputImage = this[Count.ImageIn],
            CachedImage = this[Count.CachedImage],
            OutputImage = this[Count.ImageOut],
            InputVideo = this[Count.VideoIn],
            OutputVideo = this[Count.VideoOut],
            Citations = this[Count.Citations],
            WebSearches = this[Count.Searches],
        };
        return usage.IsConsistent ? usage : null;
    }

    private long this[Count count] => counts[(int)count];

    private bool Has(Count count) => (seen & (1u << (int)count)) != 0;

    private void Set(Count count, long value)
    {
        counts[(int)count] = value;
        seen |= 1u << (int)count;
    }

    private static Count? Find((string Name, Count Count)[] table, ref Utf8JsonReader reader)
    {
        foreach (var (name, count) in table)
        {
            if (reader.ValueTextEquals(name))
                return count;
        }
        return null;
    }

    /// <summary>
    /// Reads what stands under a property that is not a plain count: details, modalities, or something unknown, which is skipped.
    /// </summary>
    private bool ReadDetails(ref Utf8JsonReader reader)
    {
        if (api == UsageApi.Gemini)
            return ReadModalities(ref reader);
        var table =
            reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8) ? OpenAiInput
            : reader.ValueTextEquals("cache_creation"u8) ? AnthropicWritten
            : reader.ValueTextEquals("server_tool_use"u8) ? AnthropicTools
            : reader.ValueTextEquals("completion_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8)
                ? api == UsageApi.Messages ? AnthropicOutput
                    : OpenAiOutput
            : null;
        var isTier = api == UsageApi.Messages && reader.ValueTextEquals("service_tier"u8);
        reader.Read();
        if (isTier && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= ResponseFacts.LongestText)
            ServiceTier = reader.GetString();
        if (table is null || reader.TokenType != JsonTokenType.StartObject)
        {
            // Null stands for "none"; anything else than an object is not what the format says.
            var known = table is null || reader.TokenType == JsonTokenType.Null;
            reader.Skip();
            return known;
        }
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Find(table, ref reader) is { } count)
            {
                if (!Take(count, ref reader))
                    return false;
                continue;
            }
            reader.Read();
            reader.Skip();
        }
        return reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth;
    }

    private bool ReadModalities(ref Utf8JsonReader reader)
    {
        var into =
            reader.ValueTextEquals("promptTokensDetails"u8) || reader.ValueTextEquals("toolUsePromptTokensDetails"u8)
                ? (Count.AudioIn, Count.ImageIn, Count.VideoIn)
            : reader.ValueTextEquals("cacheTokensDetails"u8) ? (Count.CachedAudio, Count.CachedImage, Count.Last)
            : reader.ValueTextEquals("candidatesTokensDetails"u8) ? (Count.AudioOut, Count.ImageOut, Count.VideoOut)
            : (Count.Last, Count.Last, Count.Last);
        var isTool = reader.ValueTextEquals("toolUsePromptTokensDetails"u8);
        reader.Read();
        if (into == (Count.Last, Count.Last, Count.Last) || reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return true;
        }
        Span<long> sums = stackalloc long[3];
        sums.Clear();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return false;
            var which = -1;
            var tokens = 0L;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isModality = reader.ValueTextEquals("modality"u8);
                var isCount = reader.ValueTextEquals("tokenCount"u8);
                if (isCount)
                {
                    if (!TryReadCount(ref reader, out tokens))
                        return false;
                    continue;
                }
                reader.Read();
                if (isModality && reader.TokenType == JsonTokenType.String)
                {
                    which =
                        reader.ValueTextEquals("AUDIO"u8) ? 0
                        : reader.ValueTextEquals("IMAGE"u8) || reader.ValueTextEquals("DOCUMENT"u8) ? 1
                        : reader.ValueTextEquals("VIDEO"u8) ? 2
                        : -1;
                }
                reader.Skip();
            }
            if (which >= 0)
                sums[which] += tokens;
        }
        Put(into.Item1, sums[0]);
        Put(into.Item2, sums[1]);
        Put(into.Item3, sums[2]);
        return true;

        void Put(Count count, long value)
        {
            if (count != Count.Last)
                Set(count, isTool ? this[count] + value : value);
        }
    }

    private bool Take(Count count, ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            return false;
        // Null stands for "none", and takes back nothing that was said before.
        if (reader.TokenType == JsonTokenType.Null)
        {
            if (count is not (Count.Input or Count.Output))
                return true;
            if (!Has(count) && api != UsageApi.Messages)
                Set(count, 0);
            return true;
        }
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value is < 0 or > int.MaxValue)
            return false;
        Set(count, value);
        return true;
    }

    /// <summary>Reads the next value as a count; null counts as 0.</summary>
    private static bool TryReadCount(ref Utf8JsonReader reader, out long count)
    {
        count = 0;
        if (!reader.Read())
            return false;
        return reader.TokenType == JsonTokenType.Null
            || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count) && count is >= 0 and <= int.MaxValue);
    }
}
