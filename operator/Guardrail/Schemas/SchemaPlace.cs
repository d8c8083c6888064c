using System.Text;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>A place in a JSON value, as a person writes it: <c>arguments.items[2].name</c>. Immutable.</summary>
/// <param name="Parent">Where it is; null: it is the whole value.</param>
/// <param name="Name">The member; null for an entry of a list.</param>
/// <param name="Index">The entry of a list.</param>
internal sealed record SchemaPlace(SchemaPlace? Parent, string? Name, int Index)
{
    private const int LongestName = 64;
    private const int LongestText = 256;

    /// <summary>The whole value.</summary>
    public static SchemaPlace Root { get; } = new(null, "arguments", 0);

    /// <summary>A member of it.</summary>
    public SchemaPlace Member(string name) => new(this, name, 0);

    /// <summary>An entry of it.</summary>
    public SchemaPlace Entry(int index) => new(this, null, index);

    /// <summary>As text; a long one ends in dots.</summary>
    public string Text()
    {
        var parts = new List<string>();
        for (var place = this; place is not null; place = place.Parent)
            parts.Add(place.Name is null ? $"[{place.Index}]" : Short(place.Name, LongestName));
        parts.Reverse();
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            if (text.Length > 0 && part[0] != '[')
                text.Append('.');
            text.Append(part);
        }
        return Short(text.ToString(), LongestText);
    }

    /// <summary>A text of bounded length, without characters that a reader does not see.</summary>
    internal static string Short(string text, int longest)
    {
        var seen = string.Concat(text.Take(longest).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return text.Length > longest ? seen + "…" : seen;
    }
}
