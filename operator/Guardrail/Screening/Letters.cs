namespace AgentReadiness.Guardrail.Screening;

/// <summary>Some letters as they are read, and where each came from. What does not fit any more is left out.</summary>
internal sealed class Letters(int capacity)
{
    private readonly char[] letters = new char[capacity];
    private readonly int[] starts = new int[capacity];
    private readonly int[] ends = new int[capacity];

    /// <summary>The most.</summary>
    public int Capacity => capacity;

    /// <summary>How many there are.</summary>
    public int Length { get; private set; }

    /// <summary>The letters.</summary>
    public ReadOnlySpan<char> Text => letters.AsSpan(0, Length);

    /// <summary>Where the first one began.</summary>
    public int Start => Length == 0 ? 0 : starts[0];

    /// <summary>Where the last one ended.</summary>
    public int End => Length == 0 ? 0 : ends[Length - 1];

    /// <summary>Where one of them began.</summary>
    public int StartOf(int at) => starts[at];

    /// <summary>Where one of them ended.</summary>
    public int EndOf(int at) => ends[at];

    /// <summary>One more.</summary>
    public void Add(char letter, int start, int end)
    {
        if (Length == capacity)
            return;
        (letters[Length], starts[Length], ends[Length]) = (letter, start, end);
        Length++;
    }

    /// <summary>All of others.</summary>
    public void AddAll(Letters others)
    {
        var count = Math.Min(others.Length, capacity - Length);
        others.letters.AsSpan(0, count).CopyTo(letters.AsSpan(Length));
        others.starts.AsSpan(0, count).CopyTo(starts.AsSpan(Length));
        others.ends.AsSpan(0, count).CopyTo(ends.AsSpan(Length));
        Length += count;
    }

    /// <summary>Takes away the first ones.</summary>
    public void Drop(int count)
    {
        Length -= count;
        letters.AsSpan(count, Length).CopyTo(letters);
        starts.AsSpan(count, Length).CopyTo(starts);
        ends.AsSpan(count, Length).CopyTo(ends);
    }

    /// <summary>Takes away all.</summary>
    public void Clear() => Length = 0;
}
