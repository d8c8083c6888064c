using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentReadiness.Contracts;

/// <summary>
/// The way to one value in a JSON text: <c>status.code</c>, <c>errors[0].message</c>, also with <c>$.</c> before it as in RFC 9535. There
/// are no wildcards, filters or slices.
/// </summary>
public sealed partial class MemberPath
{
    /// <summary>The longest path, characters.</summary>
    public const int Longest = 256;

    /// <summary>How a path is written.</summary>
    public const string Pattern = @"^(\$\.)?[A-Za-z0-9_-]+(\[[0-9]{1,4}\])*(\.[A-Za-z0-9_-]+(\[[0-9]{1,4}\])*)*$";

    private readonly (string? Name, int Index)[] steps;

    private MemberPath((string? Name, int Index)[] steps) => this.steps = steps;

    /// <summary>Reads a path; null where it is none.</summary>
    public static MemberPath? TryParse(string text)
    {
        if (text.Length > Longest || text.EndsWith('\n') || !Form().IsMatch(text))
            return null;
        var steps = new List<(string?, int)>();
        foreach (var part in (text.StartsWith("$.", StringComparison.Ordinal) ? text[2..] : text).Split('.'))
        {
            var pieces = part.Split('[');
            steps.Add((pieces[0], 0));
            foreach (var index in pieces.Skip(1))
                steps.Add((null, int.Parse(index.AsSpan(0, index.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture)));
        }
        return new MemberPath([.. steps]);
    }

    /// <summary>
    /// Whether a value that the path leads to is one that is looked for. A name that is there twice leads to both: readers differ in which
    /// of them they take.
    /// </summary>
    public bool Any(JsonElement root, Func<JsonElement, bool> wanted) => Any(root, 0, wanted);

    private bool Any(JsonElement at, int step, Func<JsonElement, bool> wanted)
    {
        if (step == steps.Length)
            return wanted(at);
        var (name, index) = steps[step];
        if (name is null)
            return at.ValueKind == JsonValueKind.Array && index < at.GetArrayLength() && Any(at[index], step + 1, wanted);
        if (at.ValueKind != JsonValueKind.Object)
            return false;
        foreach (var member in at.EnumerateObject())
        {
            if (member.NameEquals(name) && Any(member.Value, step + 1, wanted))
                return true;
        }
        return false;
    }

    [GeneratedRegex(Pattern)]
    private static partial Regex Form();
}
