using AgentReadiness.Contracts;
using CsCheck;

namespace AgentReadiness.Api.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("0.10", "0.1")]
    [InlineData("50", "50")]
    [InlineData("123456789.000000000001", "123456789.000000000001")]
    public void Money_is_read_exactly(string text, string written) => Money.Parse(text).ToString().ShouldBe(written);

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData(" 1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("0.0000000000001")]
    [InlineData("NaN")]
    [InlineData(null)]
    public void What_is_not_money_is_refused(string? text) => Money.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Money_for_people_is_rounded_up_so_that_a_cap_is_never_shown_as_kept_when_it_is_not()
    {
        Money.Parse("49.990001").ToDisplay().ShouldBe("50");
        Money.Parse("0.0000001").ToDisplay().ShouldBe("0.000001");
        Money.Zero.ToDisplay().ShouldBe("0");
    }

    [Theory]
    [InlineData("1m30s", 90_000)]
    [InlineData("500ms", 500)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("0s", 0)]
    public void Durations_are_Gos(string text, int milliseconds)
    {
        GoDuration.Parse(text).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
        GoDuration.Parse(GoDuration.Format(GoDuration.Parse(text))).ShouldBe(GoDuration.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1d")]
    [InlineData("s")]
    [InlineData("1..5s")]
    [InlineData("99999999999999999999h")]
    public void What_is_not_a_duration_is_refused(string text) => GoDuration.TryParse(text, out _).ShouldBeFalse();

    // RFC 8785, appendix B: IEEE 754 bits and the text that ECMAScript gives them.
    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void Numbers_are_written_as_RFC_8785_says(string bits, string text) =>
        CanonicalJson
            .Number(BitConverter.Int64BitsToDouble(long.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
            .ShouldBe(text);

    [Theory]
    [InlineData("9007199254740991", "9007199254740991")]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("1152921504606846976", "1152921504606846976")]
    [InlineData("1152921504606846976.0", "1152921504606846976")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("9223372036854775808", "9223372036854776000")]
    [InlineData("1e3", "1000")]
    [InlineData("-0", "0")]
    [InlineData("1E400", null)]
    public void Whole_numbers_keep_all_digits(string literal, string? text)
    {
        string Written() => Encoding.UTF8.GetString(CanonicalJson.Serialize(JsonNode.Parse(literal)));
        if (text is null)
            Should.Throw<ArgumentOutOfRangeException>(Written);
        else
            Written().ShouldBe(text);
    }

    // Kubernetes holds a number as int64 where it is one, and as a float64 otherwise.
    [Fact]
    public void No_two_numbers_of_Kubernetes_are_written_alike() =>
        Gen.Select(Gen.Long, Gen.Long[-3, 3], Gen.Bool)
            .Sample(
                (start, step, asFloat) =>
                {
                    var (a, b) = (start, unchecked(start + step));
                    var other = asFloat
                        ? ((double)b).ToString("R", CultureInfo.InvariantCulture)
                        : b.ToString(CultureInfo.InvariantCulture);
                    var same = asFloat ? (Int128)(double)b == a : a == b;
                    return CanonicalJson
                            .Serialize(JsonNode.Parse(a.ToString(CultureInfo.InvariantCulture)))
                            .AsSpan()
                            .SequenceEqual(CanonicalJson.Serialize(JsonNode.Parse(other))) == same;
                }
            );

    // RFC 8785, 3.2.3: the sorting example.
    [Fact]
    public void Keys_are_sorted_by_UTF16_code_units()
    {
        var node = JsonNode.Parse(
            """
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
            """
        );
        var text = Encoding.UTF8.GetString(CanonicalJson.Serialize(node));
        text.ShouldBe(
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\","
                + "\"\u20ac\":\"Euro Sign\",\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }
}
