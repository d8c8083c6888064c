namespace AgentReadiness.Guardrail;

/// <summary>Bytes to put into a body: <paramref name="Remove"/> bytes at <paramref name="Offset"/> give way to <paramref name="Insert"/>.</summary>
internal readonly record struct Splice(int Offset, int Remove, ReadOnlyMemory<byte> Insert);

/// <summary>Where and how a value stands in a body.</summary>
internal enum Presence
{
    /// <summary>The key is not there.</summary>
    Absent,

    /// <summary>The value is null.</summary>
    Null,

    /// <summary>The value counts.</summary>
    Value,
}

/// <summary>What the guardrail must know about a Chat Completions request, read in one pass. Offsets are into the body.</summary>
internal sealed class ChatRequest
{
    /// <summary>The model as named.</summary>
    public string Model { get; set; } = "";

    /// <summary>The answer is to be streamed.</summary>
    public bool Stream { get; set; }

    /// <summary>The client itself asked for the usage chunk.</summary>
    public bool WantsUsage { get; set; }

    /// <summary>max_tokens, the old name of the limit.</summary>
    public long? MaxTokens { get; set; }

    /// <summary>max_completion_tokens.</summary>
    public long? MaxCompletionTokens { get; set; }

    /// <summary>The number of choices, 1 to 128.</summary>
    public long Choices { get; set; } = 1;

    /// <summary>The number of messages.</summary>
    public int Messages { get; set; }

    /// <summary>Just after the body's opening brace: where keys are inserted.</summary>
    public int BodyStart { get; set; }

    /// <summary>Whether max_completion_tokens is there.</summary>
    public Presence LimitPresence { get; set; }

    /// <summary>Offset of a null max_completion_tokens.</summary>
    public int LimitNullAt { get; set; }

    /// <summary>Whether stream_options is there.</summary>
    public Presence StreamOptions { get; set; }

    /// <summary>Offset of a null stream_options, or just after its opening brace.</summary>
    public int StreamOptionsAt { get; set; }

    /// <summary>stream_options has no keys.</summary>
    public bool StreamOptionsEmpty { get; set; }

    /// <summary>Whether include_usage is there.</summary>
    public Presence IncludeUsage { get; set; }

    /// <summary>Offset of include_usage's value.</summary>
    public int IncludeUsageAt { get; set; }

    /// <summary>Length of include_usage's value, in bytes.</summary>
    public int IncludeUsageLength { get; set; }

    /// <summary>The limit in force for each choice: the larger where both names are given, since a provider may honour either.</summary>
    public long? OutputLimit => (MaxTokens, MaxCompletionTokens) switch
    {
        ({ } a, { } b) => Math.Max(a, b),
        (null, { } b) => b,
        ({ } a, null) => a,
        _ => null,
    };

    /// <summary>
    /// What to change in the body, in ascending order of offset: the limit where none is given, and the usage chunk for streams. Everything else
    /// stays byte for byte.
    /// </summary>
    /// <param name="outputLimit">The limit to add where the request has none, tokens.</param>
    public List<Splice> Splices(long outputLimit)
    {
        var list = new List<Splice>(2);
        if (OutputLimit is null)
        {
            if (LimitPresence == Presence.Null)
                list.Add(new Splice(LimitNullAt, 4, Ascii(FormattableString.Invariant($"{outputLimit}"))));
            else
                list.Add(new Splice(BodyStart, 0, Ascii(FormattableString.Invariant($"\"max_completion_tokens\":{outputLimit},"))));
        }
        if (Stream && !WantsUsage)
        {
            list.Add((StreamOptions, IncludeUsage) switch
            {
                (Presence.Absent, _) => new Splice(BodyStart, 0, Ascii("\"stream_options\":{\"include_usage\":true},")),
                (Presence.Null, _) => new Splice(StreamOptionsAt, 4, Ascii("{\"include_usage\":true}")),
                (_, Presence.Absent) => new Splice(StreamOptionsAt, 0, Ascii(StreamOptionsEmpty ? "\"include_usage\":true" : "\"include_usage\":true,")),
                _ => new Splice(IncludeUsageAt, IncludeUsageLength, Ascii("true")),
            });
        }
        // A stable sort: two insertions at one offset keep their order.
        return [.. list.OrderBy(s => s.Offset)];
    }

    private static byte[] Ascii(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
