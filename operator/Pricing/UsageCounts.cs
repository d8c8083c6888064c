using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// What all usage objects of an answer mean together. Each stands for itself, but for Anthropic's, of which a later one completes the
/// earlier. Zero is not "none": a count of zero for what was there, and a later count that is smaller than an earlier one, prove nothing,
/// and the larger stands. Counts that contradict each other prove nothing at all.
/// </summary>
internal sealed class UsageCounts(UsageApi api)
{
    // A correction that moves input into the cache differs from the estimate before it by little: 1.4 % in recorded answers.
    private const int CorrectionParts = 8;

    private readonly UsageStatement held = new(api);
    private readonly UsageStatement now = new(api);
    private bool contradicted;

    /// <summary>The service tier that stood beside the counts.</summary>
    public string? ServiceTier => now.ServiceTier;

    /// <summary>Where the model ran, as it stood beside the counts.</summary>
    public string? Geography => now.Geography;

    /// <summary>What the provider says that the call cost, in its own unit; null where it does not say.</summary>
    public decimal? StatedCost { get; private set; }

    /// <summary>The last object that was read says how much output there was, and no less than one before.</summary>
    public bool OutputStands { get; private set; }

    /// <summary>Reads a usage object and adds it to what is known. False where it proves nothing and takes back what was known.</summary>
    /// <param name="reader">Stands on the object's start.</param>
    public bool Read(ref Utf8JsonReader reader)
    {
        now.Clear();
        OutputStands = false;
        contradicted = !now.Read(ref reader) || !Resolve();
        if (contradicted)
            return false;
        if (TakesInput())
            held.TakeInput(now);
        if (now.Has(UsageCount.Output) && now[UsageCount.Output] >= held[UsageCount.Output])
        {
            held.TakeOutput(now);
            OutputStands = true;
        }
        StatedCost = now.StatedCost ?? StatedCost;
        held[UsageCount.Searches] = Math.Max(held[UsageCount.Searches], now[UsageCount.Searches]);
        return true;
    }

    /// <summary>What the counts mean; null where they prove nothing.</summary>
    public TokenUsage? ToUsage()
    {
        // There is no call without input; a reply without candidates has no count of the output.
        var input = InputOf(held);
        if (contradicted || input == 0 || !(held.Has(UsageCount.Output) || api is UsageApi.Gemini or UsageApi.Embeddings))
            return null;
        var usage = new TokenUsage(input, held[UsageCount.Cached], WrittenOf(held), held[UsageCount.Output])
        {
            CacheWriteLong = held[UsageCount.Written1h],
            Reasoning = held[UsageCount.Reasoning],
            InputAudio = held[UsageCount.AudioIn],
            CachedAudio = held[UsageCount.CachedAudio],
            OutputAudio = held[UsageCount.AudioOut],
            InputImage = held[UsageCount.ImageIn],
            CachedImage = held[UsageCount.CachedImage],
            OutputImage = held[UsageCount.ImageOut],
            InputVideo = held[UsageCount.VideoIn],
            CachedVideo = held[UsageCount.CachedVideo],
            OutputVideo = held[UsageCount.VideoOut],
            Citations = held[UsageCount.Citations],
            WebSearches = held[UsageCount.Searches],
        };
        return usage.IsConsistent ? usage : null;
    }

    /// <summary>All input: Anthropic and Amazon count the cache beside it.</summary>
    private long InputOf(UsageStatement counts) =>
        api is UsageApi.Messages or UsageApi.Converse
            ? counts[UsageCount.Input] + WrittenOf(counts) + counts[UsageCount.Cached]
            : counts[UsageCount.Input] + counts[UsageCount.ToolInput];

    private long WrittenOf(UsageStatement counts) =>
        api is UsageApi.Messages or UsageApi.Converse
            ? Math.Max(counts[UsageCount.Written], counts[UsageCount.Written5m] + counts[UsageCount.Written1h])
            : counts[UsageCount.Written];

    /// <summary>Whether the input of the object that was read takes the place of what was known.</summary>
    private bool TakesInput()
    {
        var before = InputOf(held);
        var restated = now.Has(UsageCount.Input);
        if (api == UsageApi.Messages && before > 0)
        {
            // What it does not say stays.
            for (var count = UsageCount.Input; count < UsageCount.Output; count++)
            {
                if (!now.Has(count) && held.Has(count))
                    now[count] = held[count];
            }
        }
        var after = InputOf(now);
        if (after == 0)
            return false;
        // Anthropic's last event may say that the input came out of the cache after all.
        var corrects = api == UsageApi.Messages && restated && now[UsageCount.Cached] > held[UsageCount.Cached];
        return after >= (corrects ? before - (before / CorrectionParts) : before);
    }

    /// <summary>
    /// Moves into the output what the model thought, and cited, where that is counted beside it. False where the counts contradict each
    /// other.
    /// </summary>
    private bool Resolve()
    {
        if (api == UsageApi.Embeddings)
            return ResolveEmbeddings();
        var (within, apart) = (now[UsageCount.Reasoning], now[UsageCount.ReasoningApart]);
        if (within > 0 && apart > 0 && within != apart)
            return false;
        if (api is UsageApi.Messages or UsageApi.Converse)
            return true;
        var (thought, output) = (Math.Max(within, apart), now[UsageCount.Output]);
        if (Beside(ref thought) is not { } beside)
            return false;
        if (now.Has(UsageCount.Output) || beside > 0)
            now[UsageCount.Output] = output + beside;
        now[UsageCount.Reasoning] = thought;
        return thought <= output + beside;
    }

    /// <summary>
    /// How many tokens stand beside the output. The total says so, whoever the provider is; without one, the format does. Null where the
    /// counts contradict the total.
    /// </summary>
    /// <param name="thought">What the model thought; it is found where only the total shows it.</param>
    private long? Beside(ref long thought)
    {
        var (input, output, total) = (InputOf(now), now[UsageCount.Output], now[UsageCount.Total]);
        var (apart, citations) = (now[UsageCount.ReasoningApart], now[UsageCount.Citations]);
        var gemini = api == UsageApi.Gemini;
        if (total == 0 || input == 0 || !(now.Has(UsageCount.Output) || gemini))
            return gemini || thought > output ? thought + citations : citations;
        var rest = total - input - output;
        // Gemini's total may leave out what its tools put in.
        if (rest < 0 || (rest != thought && rest + now[UsageCount.ToolInput] == thought))
            rest += now[UsageCount.ToolInput];
        // Perplexity leaves thoughts and citations out of its total.
        var leftOut = apart > 0 && (citations > 0 || thought > output) && !gemini;
        if (rest == 0 && (leftOut || thought <= output))
            return leftOut ? thought + citations : citations;
        if (rest > 0 && rest == thought)
            return thought + citations;
        if (rest > 0 && rest == thought + citations)
            return rest;
        if (rest <= 0 || thought > 0 || api != UsageApi.Chat)
            return null;
        // Some that answer in OpenAI's format for another model show its thoughts in the total alone (Gemini's compatible endpoint).
        thought = rest;
        return rest + citations;
    }

    /// <summary>An embedding has input alone; some providers say only the total (Voyage).</summary>
    private bool ResolveEmbeddings()
    {
        var total = now[UsageCount.Total];
        if (now[UsageCount.Input] == 0)
            now[UsageCount.Input] = total;
        return total == 0 || total == now[UsageCount.Input] + now[UsageCount.Output];
    }
}
