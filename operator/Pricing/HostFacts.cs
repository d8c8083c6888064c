using System.Text.RegularExpressions;

namespace AgentReadiness.Pricing;

/// <summary>What calls cost at some of a provider's hosts.</summary>
/// <param name="Pattern">A regular expression, from the start of the base URL.</param>
/// <param name="Factor">Times the price of every token; null where it is not known, so that calls are refused.</param>
/// <param name="Except">A regular expression for the names of models whose factor is 1; null where there are none.</param>
public sealed record HostFacts(string Pattern, decimal? Factor, string? Except)
{
    private readonly Regex url = Compile(Pattern);
    private readonly Regex? except = Except is null ? null : Compile(Except);

    /// <summary>Every host of which nothing is said: the price as it is.</summary>
    public static HostFacts Plain { get; } = new("", 1m, null);

    /// <summary>Whether a base URL is at such a host.</summary>
    public bool Matches(Uri baseUrl) => url.IsMatch(baseUrl.AbsoluteUri);

    /// <summary>Times what the price of a model is; null where that is not known.</summary>
    public decimal? FactorOf(string model) => except?.IsMatch(model) == true ? 1m : Factor;

    // Without backtracking no pattern is slow, so that none needs a limit of time, which a busy machine would break.
    private static Regex Compile(string pattern)
    {
        try
        {
            return new($"^(?:{pattern})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException($"the pattern {pattern} looks around or back: write it without", e);
        }
    }
}
