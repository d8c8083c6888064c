using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// The fields that a request may have beside those that are read: a closed list. Names are looked up as bytes, by their length, without a
/// text being made of them. "a.b" is the field b of the object a, whose fields then are a closed list too.
/// </summary>
internal sealed class FieldNames
{
    private const int Longest = 64;

    private readonly Field[][] byLength = new Field[Longest + 1][];
    private readonly HashSet<string> refused;
    private readonly string remedy;

    /// <summary>
    /// Fields that are not listed may be there, and an object or a list in them counts as what is no text: a part of a conversation has
    /// fields that differ with each client.
    /// </summary>
    public bool MayHoldMedia { get; init; }

    /// <param name="allowed">The names.</param>
    /// <param name="refused">Names that are read, and yet may not be there.</param>
    /// <param name="remedy">What to do about a field that is not listed; "{0}" is its name.</param>
    public FieldNames(IEnumerable<string> allowed, IEnumerable<string> refused, string remedy)
    {
        this.refused = new HashSet<string>(refused, StringComparer.Ordinal);
        this.remedy = remedy;
        foreach (var fields in Parse(allowed, remedy).Where(f => f.Name.Length <= Longest).GroupBy(f => f.Name.Length))
            byLength[fields.Key] = [.. fields];
    }

    /// <summary>A field that is read may not be there at this provider.</summary>
    public bool Refuses(string name) => refused.Count > 0 && refused.Contains(name);

    /// <summary>Whether a field may be there.</summary>
    /// <param name="reader">Stands on its name.</param>
    /// <param name="within">The fields of the object that it is, where they are a closed list.</param>
    public bool Allows(ref Utf8JsonReader reader, out FieldNames? within)
    {
        within = null;
        var length = reader.ValueSpan.Length;
        if (reader.ValueIsEscaped || length > Longest || byLength[length] is not { } fields)
            return false;
        foreach (var field in fields)
        {
            if (!reader.ValueSpan.SequenceEqual(field.Name))
                continue;
            within = field.Within;
            return true;
        }
        return false;
    }

    /// <summary>The fields of an object that is read; null where they are no closed list.</summary>
    public FieldNames? Within(ReadOnlySpan<byte> name)
    {
        foreach (var field in byLength[name.Length] ?? [])
        {
            if (name.SequenceEqual(field.Name))
                return field.Within;
        }
        return null;
    }

    /// <summary>The refusal of a field.</summary>
    public ApiError Refusal(string name)
    {
        var shown = name.Length <= Longest ? name : name[..Longest] + "…";
        return BodyReader.Unbounded(
            shown,
            $"What \"{shown}\" costs at this provider cannot be bounded. {remedy.Replace("{0}", shown, StringComparison.Ordinal)}"
        );
    }

    private static IEnumerable<Field> Parse(IEnumerable<string> names, string remedy)
    {
        foreach (var field in names.GroupBy(name => name.Split('.')[0], StringComparer.Ordinal))
        {
            var members = field.Where(name => name.Length > field.Key.Length).Select(name => name[(field.Key.Length + 1)..]).ToList();
            yield return new Field(
                System.Text.Encoding.UTF8.GetBytes(field.Key),
                members.Count == 0 ? null : new FieldNames(members, [], remedy.Replace("{0}", field.Key + ".{0}", StringComparison.Ordinal))
            );
        }
    }

    private sealed record Field(byte[] Name, FieldNames? Within);
}
