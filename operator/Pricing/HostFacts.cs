using System.Text.RegularExpressions;

namespace AgentReadiness.Pricing;

/// <summary>What calls cost at some of a provider's hosts.</summary>
/// <param name="Pattern">A regular expression, from the start of the base URL.</param>
/// <param name="Factor">Times the price of every token; null where it is not known, so that calls are refused.</param>
/// <param name="Except">A regular expression for the names of models whose factor is 1; null where there are none.</param>
public sealed record HostFacts(string Pattern, decimal? Factor, string? Except)
{
    // What a pattern may take. Those of hosts and names are short, and so is what they are held against.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Regex url = Compile(Pattern);
    private readonly Regex? except = Except is null ? null : Compile(Except);

    /// <summary>Every host of which nothing is said: the price as it is.</summary>
    public static HostFacts Plain { get; } = new("", 1m, null);

    /// <summary>Whether a base URL is at such a host.</summary>
    public bool Matches(Uri baseUrl) => url.IsMatch(baseUrl.AbsoluteUri);

    /// <summary>Times what the price of a model is; null where that is not known.</summary>
    public decimal? FactorOf(string model) => except?.IsMatch(model) == true ? 1m : Factor;

    // The engine that does not backtrack would need no limit of time, but holds ten megabytes of tables in every sidecar.
    private static Regex Compile(string pattern) =>
        LooksAround(pattern)
            ? throw new ArgumentException($"the pattern {pattern} looks around or back: write it without")
            : new Regex($"^(?:{pattern})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, Longest);

    /// <summary>Of groups only the plain one, "(?:", and of escapes no reference to what was matched before.</summary>
    private static bool LooksAround(string pattern)
    {
        for (var i = 0; i < pattern.Length - 1; i++)
        {
            if (pattern[i] == '\\')
            {
                if (pattern[i + 1] is (>= '1' and <= '9') or 'k')
                    return true;
                i++;
            }
            else if (pattern[i] == '(' && pattern[i + 1] == '?' && (i + 2 >= pattern.Length || pattern[i + 2] != ':'))
            {
                return true;
            }
        }
        return false;
    }
}
