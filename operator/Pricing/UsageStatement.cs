using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// One usage object as it stands on the wire. A count that is there twice, under one name or two, is what the one of the two says that is
/// not zero; two that differ say nothing.
/// </summary>
internal sealed class UsageStatement(UsageApi api)
{
    // Whatever says more than this is no cost of one call.
    private const decimal DearestCall = 1_000_000m;

    private readonly long[] counts = new long[(int)UsageCount.Last];
    private uint seen;

    /// <summary>The service tier that stood beside the counts (Anthropic), or the traffic's type that means one (Vertex AI).</summary>
    public string? ServiceTier { get; private set; }

    /// <summary>Where the model ran (Anthropic's <c>inference_geo</c>).</summary>
    public string? Geography { get; private set; }

    /// <summary>What the call cost, as the provider says it in its own unit (OpenRouter's <c>cost</c>); null where it does not.</summary>
    public decimal? StatedCost { get; private set; }

    /// <summary>A count; 0 where it was not there.</summary>
    public long this[UsageCount count]
    {
        get => counts[(int)count];
        set
        {
            counts[(int)count] = value;
            seen |= 1u << (int)count;
        }
    }

    /// <summary>A count was there.</summary>
    public bool Has(UsageCount count) => (seen & (1u << (int)count)) != 0;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(counts);
        seen = 0;
        StatedCost = null;
    }

    /// <summary>Takes over the counts of the input of another.</summary>
    public void TakeInput(UsageStatement other) => Take(other, UsageCount.Input, UsageCount.Output);

    /// <summary>Takes over the counts of the output of another.</summary>
    public void TakeOutput(UsageStatement other) => Take(other, UsageCount.Output, UsageCount.Total);

    /// <summary>Reads a usage object. False where a count is no count, or contradicts another of the same thing.</summary>
    /// <param name="reader">Stands on the object's start, and on success ends on its end.</param>
    public bool Read(ref Utf8JsonReader reader)
    {
        var table = UsageFields.Of(api);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (UsageFields.Find(table, ref reader) is { } count)
            {
                if (!ReadCount(count, ref reader))
                    return false;
            }
            else if (!ReadDetails(ref reader))
            {
                return false;
            }
        }
        return reader.TokenType == JsonTokenType.EndObject;
    }

    private void Take(UsageStatement other, UsageCount from, UsageCount to)
    {
        Array.Copy(other.counts, (int)from, counts, (int)from, to - from);
        var mask = ((1u << (int)to) - 1) & ~((1u << (int)from) - 1);
        seen = (seen & ~mask) | (other.seen & mask);
    }

    /// <summary>Adds what is said about a count. False where it was said otherwise before.</summary>
    private bool Say(UsageCount count, long value)
    {
        if (!Has(count) || this[count] == 0)
            this[count] = value;
        return value == 0 || this[count] == value;
    }

    /// <summary>
    /// Reads what stands under a property that is not a plain count: details, modalities, or something unknown, which is skipped.
    /// </summary>
    private bool ReadDetails(ref Utf8JsonReader reader)
    {
        if (ReadWord(ref reader) || ReadCost(ref reader))
            return true;
        if (api == UsageApi.Gemini)
            return ReadModalities(ref reader);
        var table = UsageFields.Within(api, ref reader);
        reader.Read();
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
            if (UsageFields.Find(table, ref reader) is { } count)
            {
                if (!ReadCount(count, ref reader))
                    return false;
                continue;
            }
            reader.Read();
            reader.Skip();
        }
        return reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth;
    }

    /// <summary>Reads a text that prices depend on. False where the property is none of these.</summary>
    private bool ReadWord(ref Utf8JsonReader reader)
    {
        var isTier =
            api == UsageApi.Messages
                ? reader.ValueTextEquals("service_tier"u8)
                : api == UsageApi.Gemini && (reader.ValueTextEquals("trafficType"u8) || reader.ValueTextEquals("serviceTier"u8));
        if (!isTier && !(api == UsageApi.Messages && reader.ValueTextEquals("inference_geo"u8)))
            return false;
        reader.Read();
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= ResponseFacts.LongestText)
        {
            var text = reader.GetString();
            if (isTier)
                ServiceTier = text;
            else
                Geography = text;
        }
        reader.Skip();
        return true;
    }

    /// <summary>Reads what the call cost. False where the property is another one.</summary>
    private bool ReadCost(ref Utf8JsonReader reader)
    {
        if (!reader.ValueTextEquals("cost"u8))
            return false;
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var cost) && cost is >= 0 and <= DearestCall)
            StatedCost = cost;
        reader.Skip();
        return true;
    }

    private bool ReadModalities(ref Utf8JsonReader reader)
    {
        var isTool = reader.ValueTextEquals("toolUsePromptTokensDetails"u8);
        (UsageCount Audio, UsageCount Image, UsageCount Video)? into =
            isTool || reader.ValueTextEquals("promptTokensDetails"u8) ? (UsageCount.AudioIn, UsageCount.ImageIn, UsageCount.VideoIn)
            : reader.ValueTextEquals("cacheTokensDetails"u8) ? (UsageCount.CachedAudio, UsageCount.CachedImage, UsageCount.CachedVideo)
            : reader.ValueTextEquals("candidatesTokensDetails"u8) ? (UsageCount.AudioOut, UsageCount.ImageOut, UsageCount.VideoOut)
            : null;
        reader.Read();
        if (into is not { } counted || reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return true;
        }
        Span<long> sums = stackalloc long[3];
        sums.Clear();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!ReadModality(ref reader, sums))
                return false;
        }
        if (!isTool)
            return Say(counted.Audio, sums[0]) && Say(counted.Image, sums[1]) && Say(counted.Video, sums[2]);
        this[counted.Audio] += sums[0];
        this[counted.Image] += sums[1];
        this[counted.Video] += sums[2];
        return true;
    }

    /// <summary>Reads {"modality","tokenCount"} and adds it up: audio, images and documents, video.</summary>
    private static bool ReadModality(ref Utf8JsonReader reader, scoped Span<long> sums)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        var which = -1;
        var tokens = 0L;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isModality = reader.ValueTextEquals("modality"u8);
            var isCount = reader.ValueTextEquals("tokenCount"u8);
            reader.Read();
            if (isCount && !TryCount(ref reader, out tokens))
                return false;
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
        return true;
    }

    private bool ReadCount(UsageCount count, ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            return false;
        // Null stands for "none", and takes back nothing that was said before.
        if (reader.TokenType == JsonTokenType.Null)
            return count != UsageCount.Output || api == UsageApi.Messages || Say(count, 0);
        return TryCount(ref reader, out var value) && Say(count, value);
    }

    /// <summary>The value as a count; null counts as 0.</summary>
    private static bool TryCount(ref Utf8JsonReader reader, out long count)
    {
        count = 0;
        return reader.TokenType == JsonTokenType.Null
            || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count) && count is >= 0 and <= int.MaxValue);
    }
}
