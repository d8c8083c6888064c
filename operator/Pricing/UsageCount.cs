namespace AgentReadiness.Pricing;

/// <summary>
/// What the counts of a usage object are of. Those of the input come first, then those of the output, then those of the whole call:
/// <see cref="UsageStatement"/> copies each side as one.
/// </summary>
internal enum UsageCount
{
    Input,
    ToolInput,
    Cached,
    Written,
    Written5m,
    Written1h,
    AudioIn,
    ImageIn,
    VideoIn,
    CachedAudio,
    CachedImage,
    CachedVideo,
    Output,
    Reasoning,
    ReasoningApart,
    AudioOut,
    ImageOut,
    VideoOut,
    Citations,
    Total,
    Searches,
    Last,
}
