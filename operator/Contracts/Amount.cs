using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Contracts;

/// <summary>
/// What a budget counts: dollars and tokens, side by side. Every operation works on each by itself. Written "0.25/1200" (dollars, then
/// tokens), or "0.25" where there are no tokens, which is also what a guardrail that counts no tokens sends and reads.
/// </summary>
/// <param name="Cost">US dollars.</param>
/// <param name="Tokens">Tokens, input and output.</param>
[JsonConverter(typeof(AmountJsonConverter))]
public readonly record struct Amount(Money Cost, long Tokens)
{
    /// <summary>The pattern of an amount in the custom resources. Sums may be longer than what people write.</summary>
    public const string Pattern = @"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?(/[1-9][0-9]{0,15})?$";

    private const long MostTokens = 1_000_000_000_000_000;
    private const decimal MostCost = 1_000_000_000_000m;

    /// <summary>Nothing.</summary>
    public static Amount Zero { get; }

    /// <summary>More than any cap.</summary>
    public static Amount Unlimited { get; } = new(new Money(MostCost), MostTokens);

    /// <summary>True where both parts are zero.</summary>
    public bool IsZero => this == Zero;

    /// <summary>Dollars without tokens.</summary>
    public static implicit operator Amount(Money cost) => new(cost, 0);

    /// <summary>Dollars without tokens.</summary>
    public static Amount FromMoney(Money cost) => cost;

    /// <summary>Adds.</summary>
    public static Amount operator +(Amount a, Amount b) => new(a.Cost + b.Cost, a.Tokens + b.Tokens);

    /// <summary>Subtracts; parts of the result may be negative.</summary>
    public static Amount operator -(Amount a, Amount b) => new(a.Cost - b.Cost, a.Tokens - b.Tokens);

    /// <summary>The smaller of each part.</summary>
    public static Amount Min(Amount a, Amount b) => new(Money.Min(a.Cost, b.Cost), Math.Min(a.Tokens, b.Tokens));

    /// <summary>The larger of each part.</summary>
    public static Amount Max(Amount a, Amount b) => new(Money.Max(a.Cost, b.Cost), Math.Max(a.Tokens, b.Tokens));

    /// <summary>The sum over a sequence.</summary>
    public static Amount Sum(IEnumerable<Amount> amounts) => amounts.Aggregate(Zero, (sum, amount) => sum + amount);

    /// <summary>Nothing below zero.</summary>
    public Amount Positive() => Max(this, Zero);

    /// <summary>True where neither part is more than the other's.</summary>
    public bool FitsIn(Amount other) => Cost <= other.Cost && Tokens <= other.Tokens;

    /// <summary>A hundredth, rounded down.</summary>
    public Amount OnePercent() =>
        new(new Money(decimal.Round(Cost.Amount / 100m, Money.FractionDigits, MidpointRounding.ToZero)), Tokens / 100);

    /// <summary>Reads what <see cref="ToString"/> writes. False for anything else, and for more than any cap may be.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Amount amount)
    {
        amount = default;
        if (text is null)
            return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var tokens = 0L;
        if (slash >= 0 && !long.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out tokens))
            return false;
        if (!Money.TryParse(slash < 0 ? text : text[..slash], out var cost) || cost.Amount > MostCost || tokens > MostTokens)
            return false;
        amount = new Amount(cost, tokens);
        return true;
    }

    /// <summary>"0.25/1200", or "0.25" without tokens.</summary>
    public override string ToString() => Tokens == 0 ? Cost.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Cost}/{Tokens}");
}

/// <summary>Writes <see cref="Amount"/> as its string and reads nothing else.</summary>
public sealed class AmountJsonConverter : JsonConverter<Amount>
{
    /// <inheritdoc/>
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Amount.TryParse(reader.GetString(), out var amount)
            ? amount
            : throw new JsonException("an amount must be a string such as \"0.10\" or \"0.10/1200\"");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
