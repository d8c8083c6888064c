namespace AgentReadiness.Pricing;

/// <summary>
/// What a provider says one call used, in one form for every wire format. All counts are tokens, at least 0, but for
/// <see cref="WebSearches"/>.
/// </summary>
/// <param name="Input">All input tokens: cached ones, those written to the cache, every modality, and what the provider's own tools put
/// in.</param>
/// <param name="CacheRead">The part of <paramref name="Input"/> that was read from the provider's prompt cache.</param>
/// <param name="CacheWrite">The part of <paramref name="Input"/> that was written to it, for however long.</param>
/// <param name="Output">All output tokens, reasoning, rejected predictions and every modality included.</param>
public readonly record struct TokenUsage(long Input, long CacheRead, long CacheWrite, long Output)
{
    /// <summary>
    /// The longest text that one token stands for, bytes: 128 blanks, in the vocabularies that are public (OpenAI's cl100k_base and
    /// o200k_base).
    /// </summary>
    public const int LongestToken = 128;

    /// <summary>The part of <see cref="CacheWrite"/> that is to live for an hour.</summary>
    public long CacheWriteLong { get; init; }

    /// <summary>The part of <see cref="Output"/> that the model thought and did not say.</summary>
    public long Reasoning { get; init; }

    /// <summary>The part of <see cref="Input"/> that is audio.</summary>
    public long InputAudio { get; init; }

    /// <summary>The part of <see cref="InputAudio"/> that was read from the cache.</summary>
    public long CachedAudio { get; init; }

    /// <summary>The part of <see cref="Output"/> that is audio.</summary>
    public long OutputAudio { get; init; }

    /// <summary>The part of <see cref="Input"/> that is images or documents.</summary>
    public long InputImage { get; init; }

    /// <summary>The part of <see cref="InputImage"/> that was read from the cache.</summary>
    public long CachedImage { get; init; }

    /// <summary>The part of <see cref="Output"/> that is images.</summary>
    public long OutputImage { get; init; }

    /// <summary>The part of <see cref="Input"/> that is video.</summary>
    public long InputVideo { get; init; }

    /// <summary>The part of <see cref="InputVideo"/> that was read from the cache.</summary>
    public long CachedVideo { get; init; }

    /// <summary>The part of <see cref="Output"/> that is video.</summary>
    public long OutputVideo { get; init; }

    /// <summary>The part of <see cref="Output"/> that is cited sources.</summary>
    public long Citations { get; init; }

    /// <summary>Searches that the provider ran for this call.</summary>
    public long WebSearches { get; init; }

    /// <summary>No part exceeds what it is a part of. A usage that contradicts itself proves nothing.</summary>
    public bool IsConsistent =>
        CacheRead + CacheWrite <= Input
        && CacheWriteLong <= CacheWrite
        && InputAudio + InputImage + InputVideo <= Input
        && CachedAudio <= InputAudio
        && CachedImage <= InputImage
        && CachedVideo <= InputVideo
        && CachedAudio + CachedImage + CachedVideo <= CacheRead
        && Reasoning + OutputAudio + OutputImage + OutputVideo + Citations <= Output;
}
