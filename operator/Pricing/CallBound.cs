namespace AgentReadiness.Pricing;

/// <summary>What bounds a call's cost before it is made.</summary>
public readonly record struct CallBound
{
    /// <param name="inputTokens">The most input tokens that the body can be; null where the body does not say.</param>
    /// <param name="outputTokens">The most output tokens of all choices together.</param>
    public CallBound(long? inputTokens, long outputTokens) => (InputTokens, OutputTokens) = (inputTokens, outputTokens);

    /// <summary>The most input tokens that the body can be; null where it does not say, so that a full context window counts.</summary>
    public long? InputTokens { get; }

    /// <summary>The most output tokens of all choices together.</summary>
    public long OutputTokens { get; }

    /// <summary>The input may be audio, images, documents or video: their rates count too, and a full context window.</summary>
    public bool MediaInput { get; init; }

    /// <summary>
    /// The answer is text for sure. Else a model that can write images or audio is bounded at their rates: most write them unasked.
    /// </summary>
    public bool TextOnly { get; init; }

    /// <summary>The number of answers, each with an output of its own; 0 where there is no output at all.</summary>
    public long Answers { get; init; } = 1;

    /// <summary>The number of inputs that are read apart, each up to a context window of its own: embeddings of a list.</summary>
    public long Inputs { get; init; } = 1;

    /// <summary>Where the request asks the model to run, or null.</summary>
    public string? Geography { get; init; }

    /// <summary>Times what tokens cost at the host; null where that is not known.</summary>
    public decimal? HostFactor { get; init; } = 1m;

    /// <summary>The service tier that the request asks for, or null.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>The most times that the provider may run its own web search, after each of which it reads the whole input again.</summary>
    public long WebSearches { get; init; }
}
