using System.Globalization;

namespace AgentReadiness.Pricing;

/// <summary>
/// What a price per million tokens can be. Price lists are written per token, per thousand and per million; a slip of unit is a factor of a
/// thousand or a million, and lands outside.
/// </summary>
public static class PriceBand
{
    /// <summary>The dearest price that is believed, USD per million tokens.</summary>
    public const decimal Most = 1000m;

    /// <summary>The cheapest price that is believed, USD per million tokens, but for 0.</summary>
    public const decimal Least = 0.0001m;

    /// <summary>Whether a price is believed.</summary>
    public static bool Holds(decimal perMillion) => perMillion == 0m || perMillion is >= Least and <= Most;

    /// <summary>Refuses a price that is not believed.</summary>
    /// <exception cref="FormatException">It names the rule, the price and the band.</exception>
    public static void Check(string rule, string name, decimal perMillion)
    {
        if (!Holds(perMillion))
        {
            throw new FormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{rule}: {name}: {perMillion:0.############} USD per million tokens is outside {Least} to {Most}: a slip of unit?"
                )
            );
        }
    }
}
