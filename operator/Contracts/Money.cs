using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Contracts;

/// <summary>
/// An amount of US dollars, exact to 12 fraction digits. Written as a decimal string ("0.10"), never as a float:
/// a price is a multiple of 1e-12 USD (see the price catalog), token counts are integers, so sums and products stay exact.
/// </summary>
[JsonConverter(typeof(MoneyJsonConverter))]
public readonly record struct Money(decimal Amount) : IComparable<Money>
{
    /// <summary>The most fraction digits that an amount may carry.</summary>
    public const int FractionDigits = 12;

    /// <summary>The pattern of a money field in the custom resources: no sign, at most 9 integer and 12 fraction digits.</summary>
    public const string Pattern = @"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,12})?$";

    private const string Format = "0.############";

    /// <summary>Zero dollars.</summary>
    public static Money Zero { get; }

    /// <summary>
    /// Reads a decimal string such as "0.10". False for anything else: signs, exponents, blanks, more than 12 fraction digits.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Money money)
    {
        money = default;
        if (string.IsNullOrEmpty(text) || !char.IsAsciiDigit(text[0]) || text[^1] == '.')
            return false;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            return false;
        if (decimal.Round(amount, FractionDigits) != amount)
            return false;
        money = new Money(amount);
        return true;
    }

    /// <summary>Reads a decimal string.</summary>
    /// <exception cref="FormatException">The text is not an amount; the message names it.</exception>
    public static Money Parse(string text) =>
        TryParse(text, out var money)
            ? money
            : throw new FormatException($"\"{text}\" is not an amount of money: write a decimal string such as \"0.10\"");

    /// <summary>The smaller of two amounts.</summary>
    public static Money Min(Money a, Money b) => a <= b ? a : b;

    /// <summary>The larger of two amounts.</summary>
    public static Money Max(Money a, Money b) => a >= b ? a : b;

    /// <summary>The sum over a sequence.</summary>
    public static Money Sum(IEnumerable<Money> amounts) => new(amounts.Sum(a => a.Amount));

    /// <inheritdoc/>
    public int CompareTo(Money other) => Amount.CompareTo(other.Amount);

    /// <summary>The shortest exact decimal string.</summary>
    public override string ToString() => Amount.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>
    /// Rounds up to cents where the amount is at least one cent, else to micro-dollars: for people, never for arithmetic.
    /// </summary>
    public string ToDisplay()
    {
        var unit = Amount >= 0.01m ? 100m : 1_000_000m;
        return (decimal.Ceiling(Amount * unit) / unit).ToString(Format, CultureInfo.InvariantCulture);
    }

    /// <summary>Adds two amounts.</summary>
    public static Money operator +(Money a, Money b) => new(a.Amount + b.Amount);

    /// <summary>Subtracts; the result may be negative.</summary>
    public static Money operator -(Money a, Money b) => new(a.Amount - b.Amount);

    /// <summary>Compares two amounts.</summary>
    public static bool operator <(Money a, Money b) => a.Amount < b.Amount;

    /// <summary>Compares two amounts.</summary>
    public static bool operator >(Money a, Money b) => a.Amount > b.Amount;

    /// <summary>Compares two amounts.</summary>
    public static bool operator <=(Money a, Money b) => a.Amount <= b.Amount;

    /// <summary>Compares two amounts.</summary>
    public static bool operator >=(Money a, Money b) => a.Amount >= b.Amount;
}

/// <summary>Writes <see cref="Money"/> as a JSON string and reads nothing else, so that no float ever touches an amount.</summary>
public sealed class MoneyJsonConverter : JsonConverter<Money>
{
    /// <inheritdoc/>
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Money.TryParse(reader.GetString(), out var money)
            ? money
            : throw new JsonException("an amount of money must be a decimal string such as \"0.10\"");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
