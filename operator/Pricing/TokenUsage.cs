using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>What a provider says one call used. All counts are tokens and at least 0.</summary>
/// <param name="Input">All input tokens, those read from and written to the cache included.</param>
/// <param name="CacheRead">The part of <paramref name="Input"/> that was read from the provider's prompt cache.</param>
/// <param name="CacheWrite">The part of <paramref name="Input"/> that was written to it.</param>
/// <param name="Output">All output tokens, reasoning and rejected predictions included.</param>
public readonly record struct TokenUsage(long Input, long CacheRead, long CacheWrite, long Output)
{
    /// <summary>
    /// Reads OpenAI's <c>CompletionUsage</c> (openai-openapi, Chat Completions): <c>prompt_tokens</c> includes cached tokens, and
    /// <c>completion_tokens</c> includes reasoning tokens. Also reads the Responses spelling (<c>input_tokens</c>, <c>output_tokens</c>).
    /// False, with the reader anywhere inside, where a count is missing, negative, no integer, or where the cached parts exceed the input:
    /// such a usage proves nothing.
    /// </summary>
    /// <param name="reader">Stands on the object's start; on success ends on its end.</param>
    /// <param name="usage">What was read.</param>
    public static bool TryReadOpenAi(ref Utf8JsonReader reader, out TokenUsage usage)
    {
        usage = default;
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        long? input = null, output = null;
        long cacheRead = 0, cacheWrite = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8))
            {
                if (!TryReadCount(ref reader, out var count))
                    return false;
                input = count;
            }
            else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8))
            {
                if (!TryReadCount(ref reader, out var count))
                    return false;
                output = count;
            }
            else if (reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8))
            {
                if (!TryReadDetails(ref reader, ref cacheRead, ref cacheWrite))
                    return false;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (input is null || output is null || cacheRead + cacheWrite > input)
            return false;
        usage = new TokenUsage(input.Value, cacheRead, cacheWrite, output.Value);
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool TryReadDetails(ref Utf8JsonReader reader, ref long cacheRead, ref long cacheWrite)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return true;
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRead = reader.ValueTextEquals("cached_tokens"u8);
            var isWrite = reader.ValueTextEquals("cache_write_tokens"u8);
            if (!isRead && !isWrite)
            {
                reader.Read();
                reader.Skip();
                continue;
            }
            if (!TryReadCount(ref reader, out var count))
                return false;
            if (isRead)
                cacheRead = count;
            else
                cacheWrite = count;
        }
        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>Reads the next value as a count; null counts as 0, since providers write it for "none".</summary>
    private static bool TryReadCount(ref Utf8JsonReader reader, out long count)
    {
        count = 0;
        if (!reader.Read())
            return false;
        if (reader.TokenType == JsonTokenType.Null)
            return true;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count) && count is >= 0 and <= int.MaxValue;
    }
}
