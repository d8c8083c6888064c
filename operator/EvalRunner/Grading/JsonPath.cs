using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>
/// A place in a JSON value. As a path: $.a.b[0]['x y'], where the "$." may be left out; no filters, wildcards or slices. Or as a JSON
/// Pointer (RFC 6901): /a/b/0.
/// </summary>
internal sealed class JsonPath
{
    private const int MaxSegments = 64;

    // A pointer's "0" may be a name or an index; a path says which.
    private readonly List<(string? Name, int Index)> segments = [];

    private JsonPath() { }

    /// <summary>Reads a path or a pointer.</summary>
    /// <exception cref="FormatException">It is neither; the message does not quote it.</exception>
    public static JsonPath Parse(string text)
    {
        var path = new JsonPath();
        if (text.StartsWith('/'))
            path.Pointer(text);
        else
            path.Dotted(text);
        return path.segments.Count <= MaxSegments ? path : throw new FormatException($"has more than {MaxSegments} parts");
    }

    /// <summary>Finds the place; false where the value has no such one.</summary>
    public bool TryFind(JsonElement root, out JsonElement found)
    {
        found = root;
        foreach (var (name, index) in segments)
        {
            if (name is not null && found.ValueKind == JsonValueKind.Object && found.TryGetProperty(name, out var member))
                found = member;
            else if (index >= 0 && found.ValueKind == JsonValueKind.Array && index < found.GetArrayLength())
                found = found[index];
            else
                return false;
        }
        return true;
    }

    private void Pointer(string text)
    {
        foreach (var part in text[1..].Split('/'))
        {
            for (var i = part.IndexOf('~'); i >= 0; i = part.IndexOf('~', i + 1))
            {
                if (i + 1 == part.Length || part[i + 1] is not ('0' or '1'))
                    throw new FormatException("is no JSON Pointer: after ~ come 0 or 1");
            }
            var name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            segments.Add((name, Index(name)));
        }
    }

    private void Dotted(string text)
    {
        var at = 0;
        var first = true;
        if (text.StartsWith('$'))
        {
            at = 1;
            first = false;
        }
        else if (text.Length == 0)
            throw new FormatException("is empty");
        while (at < text.Length)
        {
            if (text[at] == '[')
            {
                at = Bracket(text, at + 1);
            }
            else
            {
                if (!first && text[at++] != '.')
                    throw Wrong(at - 1);
                var end = at;
                while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '_' or '-'))
                    end++;
                if (end == at)
                    throw Wrong(at);
                segments.Add((text[at..end], -1));
                at = end;
            }
            first = false;
        }
    }

    private int Bracket(string text, int at)
    {
        if (at < text.Length && text[at] is '\'' or '"')
        {
            var quote = text[at++];
            var name = new StringBuilder();
            while (at < text.Length && text[at] != quote)
            {
                if (text[at] == '\\' && ++at == text.Length)
                    break;
                name.Append(text[at++]);
            }
            if (at + 1 >= text.Length || text[at + 1] != ']')
                throw Wrong(at);
            segments.Add((name.ToString(), -1));
            return at + 2;
        }
        var end = text.IndexOf(']', at);
        var index = end < 0 ? -1 : Index(text[at..end]);
        if (index < 0)
            throw Wrong(at);
        segments.Add((null, index));
        return end + 1;
    }

    private static int Index(string text) =>
        text is "0" || (text.Length > 0 && text[0] != '0' && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : -1;

    private static FormatException Wrong(int at) =>
        new(string.Create(CultureInfo.InvariantCulture, $"is no path such as $.a.b[0]['x'] (offset {at})"));
}
