namespace AgentReadiness.Guardrail.Screening;

/// <summary>A text in which something was undone, and where its characters come from in the text before it.</summary>
/// <param name="parent">The text before it; null: it is as it came.</param>
/// <param name="name">What was undone.</param>
/// <param name="text">The text.</param>
/// <param name="origins">The place of each character in the text before; null: all of it comes from one place.</param>
/// <param name="from">That place: from where to where.</param>
internal sealed class Layer(Layer? parent, string? name, string text, int[]? origins, (int Start, int End) from)
{
    /// <summary>What was undone, the last first; null: nothing.</summary>
    public string? Name => parent?.Name is { } before ? $"{name} in {before}" : name;

    /// <summary>The text.</summary>
    public string Text => text;

    /// <summary>How much was undone.</summary>
    public int Depth { get; } = (parent?.Depth ?? -1) + 1;

    /// <summary>Nobody who looks at the text as it came sees it.</summary>
    public bool IsHidden { get; init; }

    /// <summary>A text as it came.</summary>
    public static Layer Whole(string text) => new(null, null, text, null, (0, text.Length));

    /// <summary>A part that was encoded or hidden.</summary>
    public Layer Part(string what, string undone, int start, int end, bool isHidden = true) =>
        new(this, what, undone, null, (start, end)) { IsHidden = isHidden };

    /// <summary>All of it, with some of it undone.</summary>
    public Layer Changed(string what, string undone, int[] places) => new(this, what, undone, places, default) { IsHidden = IsHidden };

    /// <summary>All of it, each letter of the alphabet turned by 13.</summary>
    public Layer Turned() =>
        new(this, "rot13", string.Create(Text.Length, Text, static (to, from) => Turn(from, to)), null, (0, Text.Length))
        {
            IsHidden = true,
        };

    /// <summary>All of it backwards.</summary>
    public Layer Backwards()
    {
        var letters = Text.ToCharArray();
        Array.Reverse(letters);
        return new(this, "backwards", new string(letters), null, (0, Text.Length)) { IsHidden = true };
    }

    private static void Turn(string from, Span<char> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i] switch
            {
                >= 'a' and <= 'z' => (char)('a' + (from[i] - 'a' + 13) % 26),
                >= 'A' and <= 'Z' => (char)('A' + (from[i] - 'A' + 13) % 26),
                var c => c,
            };
        }
    }

    /// <summary>Where a part of it stands in the text as it came.</summary>
    public (int Start, int End) Origin(int start, int end)
    {
        if (parent is null)
            return (start, end);
        if (origins is null)
            return parent.Origin(from.Start, from.End);
        if (origins.Length == 0)
            return parent.Origin(0, 0);
        var (first, last) = (origins[Math.Min(start, origins.Length - 1)], origins[Math.Clamp(end - 1, 0, origins.Length - 1)]);
        return parent.Origin(first, Math.Min(last + 1, parent.Text.Length));
    }
}
