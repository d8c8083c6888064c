using System.Collections;
using System.Globalization;
using System.Text;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// What a call or a run is tagged with: a value for each name, "(none)" where nobody gave one. Values come from outside, so they are
/// cleaned and cut. Immutable.
/// </summary>
internal sealed class Tags : IReadOnlyList<KeyValuePair<string, string>>
{
    // What a longer text could say beyond the cut is not even looked at.
    private const int MostEncoded = 12 * Attribution.MaxValue;

    private readonly TagNames names;
    private readonly string[] values;

    private Tags(TagNames names, string[] values) => (this.names, this.values) = (names, values);

    /// <summary>No tags.</summary>
    public static Tags Empty { get; } = new(new TagNames([]), []);

    /// <summary>How many there are.</summary>
    public int Count => values.Length;

    /// <summary>The n-th one.</summary>
    public KeyValuePair<string, string> this[int index] => new(names.Names[index], values[index]);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The value of a name; "(none)" where it is not there.</summary>
    public string Of(string name)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (names.Names[i] == name)
                return values[i];
        }
        return Attribution.None;
    }

    /// <summary>The tags of a request: each from its header, else from baggage, else as the run has it.</summary>
    /// <param name="names">Which.</param>
    /// <param name="headers">The request's headers.</param>
    /// <param name="run">The run's tags; <see cref="Empty"/> for the request that begins one.</param>
    public static Tags Read(TagNames names, IHeaderDictionary headers, Tags run)
    {
        if (names.Names.Count == 0)
            return Empty;
        string[]? values = null;
        for (var i = 0; i < names.Names.Count; i++)
        {
            var value = Clean(HeaderText.Decode(headers[names.Header(i)].FirstOrDefault() ?? "")) ?? InBaggage(headers, names.Names[i]);
            if (value is null && ReferenceEquals(run.names, names))
                continue;
            values ??= Inherit(names, run);
            values[i] = value ?? values[i];
        }
        // Most calls say nothing of their own: they share what their run has.
        return values is null ? run : new Tags(names, values);
    }

    /// <summary>
    /// A value as it is counted: no control or formatting characters, trimmed, at most 64 characters; null where nothing is left.
    /// </summary>
    public static string? Clean(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var clean = new StringBuilder(Math.Min(text.Length, Attribution.MaxValue));
        foreach (var rune in (text.Length > MostEncoded ? text[..MostEncoded] : text).EnumerateRunes())
        {
            // Formatting characters can turn the text around them; they and line separators would break a table.
            if (
                Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator
            )
                continue;
            if (clean.Length == 0 && Rune.IsWhiteSpace(rune))
                continue;
            if (clean.Length + rune.Utf16SequenceLength > Attribution.MaxValue)
                break;
            clean.Append(rune);
        }
        var value = clean.ToString().TrimEnd();
        return value.Length == 0 ? null : value;
    }

    private static string? InBaggage(IHeaderDictionary headers, string name) =>
        headers.TryGetValue(AgentHeaders.Baggage, out var header) && Baggage.Find(header, name) is { } encoded
            ? Clean(Uri.UnescapeDataString(encoded.Length > MostEncoded ? encoded[..MostEncoded] : encoded))
            : null;

    private static string[] Inherit(TagNames names, Tags run)
    {
        var values = new string[names.Names.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = run.Of(names.Names[i]);
        return values;
    }
}
