namespace AgentReadiness.Pricing;

/// <summary>
/// USD per token, each rounded up once to 12 fraction digits when the catalog was loaded. A modality without a rate of its own has that of
/// text.
/// </summary>
public sealed record Rates
{
    /// <summary>Input that the cache did not serve.</summary>
    public required decimal Input { get; init; }

    /// <summary>Input read from the cache.</summary>
    public required decimal CachedInput { get; init; }

    /// <summary>Input written to the cache, for five minutes where the provider has two lives.</summary>
    public required decimal CacheWrite { get; init; }

    /// <summary>Input written to the cache for an hour.</summary>
    public required decimal CacheWriteLong { get; init; }

    /// <summary>Output; null for a model that has none, such as an embedding model.</summary>
    public required decimal? Output { get; init; }

    /// <summary>Output that the model thought.</summary>
    public required decimal Reasoning { get; init; }

    /// <summary>Input that is audio.</summary>
    public required decimal InputAudio { get; init; }

    /// <summary>Audio read from the cache.</summary>
    public required decimal CachedAudio { get; init; }

    /// <summary>Output that is audio.</summary>
    public required decimal OutputAudio { get; init; }

    /// <summary>Input that is images or documents.</summary>
    public required decimal InputImage { get; init; }

    /// <summary>Images read from the cache.</summary>
    public required decimal CachedImage { get; init; }

    /// <summary>Audio as output has a rate of its own. Without one nobody knows what it costs: nowhere is it text's.</summary>
    public bool HasOutputAudio { get; init; }

    /// <summary>Output that is images.</summary>
    public required decimal OutputImage { get; init; }

    /// <summary>Input that is video.</summary>
    public required decimal InputVideo { get; init; }

    /// <summary>Video read from the cache.</summary>
    public required decimal CachedVideo { get; init; }

    /// <summary>Output that is video.</summary>
    public required decimal OutputVideo { get; init; }

    /// <summary>Output that is cited sources.</summary>
    public required decimal Citation { get; init; }

    /// <summary>The dearest rate that text can have as input.</summary>
    internal decimal DearestText => Math.Max(Math.Max(Input, CachedInput), Math.Max(CacheWrite, CacheWriteLong));

    /// <summary>The dearest rate that anything can have as input.</summary>
    internal decimal DearestInput => Max(DearestText, InputAudio, CachedAudio, InputImage, CachedImage, InputVideo, CachedVideo);

    /// <summary>The dearest rate that text can have as output.</summary>
    internal decimal DearestTextOutput => Max(Output ?? 0m, Reasoning, Citation);

    /// <summary>The dearest rate that anything can have as output.</summary>
    internal decimal DearestOutput => Max(DearestTextOutput, OutputAudio, OutputImage, OutputVideo);

    /// <summary>What the input of a call costs, USD.</summary>
    internal decimal InputCost(in TokenUsage usage)
    {
        var apart = usage.CachedAudio + usage.CachedImage + usage.CachedVideo;
        var media = usage.InputAudio + usage.InputImage + usage.InputVideo - apart;
        var cached = usage.CacheRead - apart;
        var plain = usage.Input - usage.CacheRead - usage.CacheWrite - media;
        if (plain < 0)
        {
            // Some of the media came from the cache, and the provider does not say how much: it counts at its full rate.
            cached = Math.Max(0, cached + plain);
            plain = 0;
        }
        var cost = (plain * Input) + (cached * CachedInput);
        if (usage.CacheWrite > 0)
            cost += ((usage.CacheWrite - usage.CacheWriteLong) * CacheWrite) + (usage.CacheWriteLong * CacheWriteLong);
        if (usage.InputAudio > 0)
            cost += ((usage.InputAudio - usage.CachedAudio) * InputAudio) + (usage.CachedAudio * CachedAudio);
        if (usage.InputImage > 0)
            cost += ((usage.InputImage - usage.CachedImage) * InputImage) + (usage.CachedImage * CachedImage);
        if (usage.InputVideo > 0)
            cost += ((usage.InputVideo - usage.CachedVideo) * InputVideo) + (usage.CachedVideo * CachedVideo);
        return cost;
    }

    /// <summary>What the output of a call costs, USD; null where there is output and no price for it.</summary>
    internal decimal? OutputCost(in TokenUsage usage)
    {
        if (Output is not { } rate)
            return usage.Output == 0 ? 0m : null;
        if (usage.OutputAudio > 0 && !HasOutputAudio)
            return null;
        var apart = usage.Reasoning + usage.OutputAudio + usage.OutputImage + usage.OutputVideo + usage.Citations;
        var cost = (usage.Output - apart) * rate;
        if (apart == 0)
            return cost;
        return cost
            + (usage.Reasoning * Reasoning)
            + (usage.OutputAudio * OutputAudio)
            + (usage.OutputImage * OutputImage)
            + (usage.OutputVideo * OutputVideo)
            + (usage.Citations * Citation);
    }

    private static decimal Max(params ReadOnlySpan<decimal> values)
    {
        var most = values[0];
        foreach (var value in values)
            most = Math.Max(most, value);
        return most;
    }
}
