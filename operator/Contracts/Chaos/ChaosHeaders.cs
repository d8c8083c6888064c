namespace AgentReadiness.Contracts.Chaos;

/// <summary>What the runner of an evaluation and the candidate's guardrail say to each other about chaos.</summary>
public static class ChaosHeaders
{
    /// <summary>Of a request to the candidate: the plan's ID, a space and the key of the case.</summary>
    public const string Case = "X-Agent-Chaos-Case";

    /// <summary>
    /// Of the answer: the plan's ID, and behind ";" each the faults that the run met, as FAULT/TARGET. Only where the plan was in force.
    /// </summary>
    public const string Met = "X-Agent-Chaos";

    /// <summary>Among the faults: calls belonged to no run, so that nobody knows which faults they should have met.</summary>
    public const string Unattributed = "Unattributed";

    /// <summary>The code of the error for a case of a plan that is not in force.</summary>
    public const string UnknownPlan = "chaos_plan_unknown";

    /// <summary>The most faults that an answer tells of, and a case's results.</summary>
    public const int MostMet = 16;

    /// <summary>The longest word of a fault.</summary>
    public const int LongestMet = 96;

    /// <summary>The value of <see cref="Case"/>.</summary>
    public static string OfCase(string plan, string key) => $"{plan} {key}";

    /// <summary>Reads a value of <see cref="Case"/>; null where it is none.</summary>
    public static (string Plan, string Key)? ReadCase(string value) =>
        value.Length == ChaosPlan.IdLength + 1 + ChaosDice.KeyLength
        && value[ChaosPlan.IdLength] == ' '
        && IsHex(value.AsSpan(0, ChaosPlan.IdLength))
        && IsHex(value.AsSpan(ChaosPlan.IdLength + 1))
            ? (value[..ChaosPlan.IdLength], value[(ChaosPlan.IdLength + 1)..])
            : null;

    /// <summary>The word for a fault that was met. What a header or a list cannot hold of the name is replaced.</summary>
    public static string Word(string fault, string target)
    {
        var name = string.Concat(target.Select(one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or '.' or ':' ? one : '_'));
        return $"{fault}/{name[..Math.Min(name.Length, LongestMet - fault.Length - 1)]}";
    }

    /// <summary>Reads a value of <see cref="Met"/>: the faults; null where it is not of this plan, or is none that we write.</summary>
    public static IReadOnlyList<string>? ReadMet(string? value, string plan)
    {
        if (value?.Split(';') is not [var id, .. var words] || id != plan || words.Length > MostMet + 1)
            return null;
        return words.All(IsWord) ? words : null;
    }

    /// <summary>Whether a word is one that <see cref="Word"/> makes, or <see cref="Unattributed"/>: its fault is listed.</summary>
    public static bool IsWord(string word) =>
        word == Unattributed
        || (
            word.Length <= LongestMet
            && word.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash
            && ChaosFaults.All.Contains(word[..slash])
            && Word(word[..slash], word[(slash + 1)..]) == word
        );

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiHexDigitLower(letter))
                return false;
        }
        return true;
    }
}
