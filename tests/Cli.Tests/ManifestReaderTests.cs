using AgentReadiness.Cli.Reading;
using CsCheck;

namespace AgentReadiness.Cli.Tests;

public sealed class ManifestReaderTests
{
    private static string Read(string text) => ManifestReader.Read(text).ShouldHaveSingleItem().ToJsonString();

    // What kubectl printed for the same text (create --dry-run=client -o json, kubectl 1.32); its last digits of large numbers differ
    // because it went through a float64, as the canonical form does.
    [Theory]
    [InlineData("y", "true")]
    [InlineData("Yes", "true")]
    [InlineData("on", "true")]
    [InlineData("off", "false")]
    [InlineData("n", "false")]
    [InlineData("NO", "false")]
    [InlineData("True", "true")]
    [InlineData("tRue", "\"tRue\"")]
    [InlineData("~", "null")]
    [InlineData("", "null")]
    [InlineData("Null", "null")]
    [InlineData("0777", "511")]
    [InlineData("0o17", "15")]
    [InlineData("0O17", "15")]
    [InlineData("0x1F", "31")]
    [InlineData("0X1f", "31")]
    [InlineData("0x_1f", "31")]
    [InlineData("0b101", "5")]
    [InlineData("0B1", "1")]
    [InlineData("1_000", "1000")]
    [InlineData("1__0", "10")]
    [InlineData("1_0.5", "10.5")]
    [InlineData("1.0", "1")]
    [InlineData("1.5e3", "1500")]
    [InlineData("1e3", "1000")]
    [InlineData("1e+3", "1000")]
    [InlineData("12e03", "12000")]
    [InlineData(".5", "0.5")]
    [InlineData("-.5", "-0.5")]
    [InlineData("+.5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("0.", "0")]
    [InlineData("+5", "5")]
    [InlineData("-0", "0")]
    [InlineData("08", "8")]
    [InlineData("019", "19")]
    [InlineData("-0x1F", "-31")]
    [InlineData("-0b11", "-3")]
    [InlineData("-0777", "-511")]
    [InlineData("0x", "\"0x\"")]
    [InlineData("_1", "\"_1\"")]
    [InlineData("1e", "\"1e\"")]
    [InlineData("=", "\"=\"")]
    [InlineData("1e400", "\"1e400\"")]
    [InlineData("1:30", "\"1:30\"")]
    [InlineData("2001-01-01", "\"2001-01-01\"")]
    [InlineData("2001-12-14t21:59:43.10-05:00", "\"2001-12-14t21:59:43.10-05:00\"")]
    [InlineData("\"1\"", "\"1\"")]
    [InlineData("'yes'", "\"yes\"")]
    [InlineData("!!str 123", "\"123\"")]
    [InlineData("!!int \"12\"", "12")]
    [InlineData("!!float 1", "1")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("0.1", "0.1")]
    [InlineData("5e-324", "5E-324")]
    public void MeansWhatKubectlMakesOfIt(string yaml, string json) => Read($"t: {yaml}").ShouldBe($$"""{"t":{{json}}}""");

    [Theory]
    [InlineData("9223372036854775808", 9223372036854775808d)]
    [InlineData("18446744073709551616", 18446744073709551616d)]
    [InlineData("-9223372036854775809", -9223372036854775809d)]
    [InlineData("123456789012345678901234567890", 1.2345678901234568e+29)]
    public void IntegersBeyondInt64(string yaml, double value) =>
        double.Parse(ManifestReader.Read($"t: {yaml}")[0]["t"]!.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)
            .ShouldBe(value);

    [Fact]
    public void KeysAreTexts() =>
        Read(
                "{1: a, true: b, 1.5: c, \"2\": d, 0x10: e, on : f}"
                    .Replace("on : f", "no: f", StringComparison.Ordinal)
                    .Insert(0, "# not JSON\n")
            )
            .ShouldBe("""{"1":"a","true":"b","1.5":"c","2":"d","16":"e","false":"f"}""");

    [Fact]
    public void BlocksFoldsAndComments() =>
        Read("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: plain # comment\n").ShouldBe("""{"a":"one\ntwo\n","b":"one two","c":"plain"}""");

    [Fact]
    public void AnchorsAndMergesAsKubectlDoes() =>
        Read("b: &b {p: 1, q: 2}\nm: {<<: *b, q: 3}\nm2: {q: 3, <<: [*b, {r: 4, p: 9}]}\n")
            .ShouldBe("""{"b":{"p":1,"q":2},"m":{"p":1,"q":3},"m2":{"q":2,"r":4,"p":1}}""");

    [Fact]
    public void ReadsManyDocumentsAndLists()
    {
        ManifestReader.Read("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n").Count.ShouldBe(2);
        ManifestReader
            .Read("kind: List\nitems:\n- a: 1\n- b: 2\n")
            .Select(item => item.ToJsonString())
            .ShouldBe(["""{"a":1}""", """{"b":2}"""]);
        ManifestReader.Read("""{"a":1} {"b":2}""").Count.ShouldBe(2);
        ManifestReader.Read("").ShouldBeEmpty();
    }

    [Fact]
    public void JsonKeepsWhatYamlHasNot() => ManifestReader.Read("""{"a":"\ud83d\ude42\/"}""")[0]["a"]!.GetValue<string>().ShouldBe("🙂/");

    [Theory]
    [InlineData("a: 1\na: 2", "line 2, column 1: the key \"a\" is used twice")]
    [InlineData("a: .inf", "line 1, column 4: \".inf\" is no number that JSON has")]
    [InlineData("~: 1", "line 1, column 1: a key must not be null")]
    [InlineData("? [a]\n: 1", "line 1, column 3: a key must be a scalar")]
    [InlineData("a: !!int x", "line 1, column 4: \"x\" is not what its tag says")]
    [InlineData("a: !!binary \"***\"", "line 1, column 4: !!binary must be base64 of a text: write the text itself")]
    [InlineData("a: !!binary /w==", "line 1, column 4: !!binary must be base64 of a text: write the text itself")]
    [InlineData("a: !!null x", "line 1, column 4: \"x\" is not what its tag says")]
    [InlineData("a: !!int 1.5", "line 1, column 4: \"1.5\" is not what its tag says")]
    [InlineData("18446744073709551615: a", "line 1, column 1: kubectl takes no such key: put it in quotes")]
    [InlineData("%YAML 1.1\n---\na: 1", "line 1, column 1: kubectl reads no YAML directives (%YAML, %TAG): remove the line")]
    [InlineData("# c\n%TAG ! x:\n---\na: 1", "line 2, column 1: kubectl reads no YAML directives")]
    [InlineData("a: 1\n---\n\n%YAML 1.1\n---\nb: 1", "line 4, column 1: kubectl reads no YAML directives")]
    [InlineData("a: 1\nb: x\u0001y", "line 2, column 5: the control character U+0001 is not allowed in YAML: remove it, or write it as")]
    [InlineData("a: 1\n---\nb: \u007f", "line 3, column 4: the control character U+007F")]
    [InlineData("a: 1\n--- {b: 1}", "line 2, column 4: only a comment may follow \"---\"")]
    [InlineData("a: 1\n...\nb: 1", "line 3, column 1: kubectl reads nothing after the end of a document")]
    [InlineData("{\"a\":1}{\"a\":2}\n---\na: 1", "line 2: after JSON objects in a row only JSON may follow")]
    [InlineData("{\"a\":\"\\ud800\"}", "not JSON: a text has half of a surrogate pair")]
    [InlineData("{\"a\":1e400}", "not JSON: 1e400 is beyond every number")]
    [InlineData("kind: List\nitems: {}", "items of a list must be a list")]
    [InlineData("kind: List\nitems: [{kind: List, items: []}]", "items[0] of a list is a list itself")]
    [InlineData("<<: 1", "line 1, column 1: \"<<\" must have a mapping")]
    [InlineData("a: *none", "line 1, column 4: the anchor none is not known")]
    [InlineData("- a", "a document is not an object")]
    [InlineData("text", "a document is not an object")]
    [InlineData("a: [", "line ")]
    [InlineData("{\"a\":1,\"a\":2}", "not JSON: ")]
    [InlineData("{a: 1, a: 2}", "line 1, column 8: the key \"a\" is used twice")]
    [InlineData("{\"a\":", "not JSON: ")]
    public void RefusesAndNamesThePlace(string text, string problem) =>
        Should.Throw<ManifestException>(() => ManifestReader.Read(text)).Message.ShouldStartWith(problem);

    [Fact]
    public void HostileTextsEnd()
    {
        var bomb =
            "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
            + string.Concat(
                Enumerable.Range(1, 20).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n")
            );
        Should.Throw<ManifestException>(() => ManifestReader.Read(bomb)).Message.ShouldContain("more than 1000000 values");
        Should
            .Throw<ManifestException>(() => ManifestReader.Read("a: " + new string('[', 500) + new string(']', 500)))
            .Message.ShouldContain("nests deeper");
    }

    // Long enough for a machine that is busy, and far too short for a loop that does not end.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly Gen<string> Fragment = Gen.Int[0, Fragments.Length - 1].Select(i => Fragments[i]);

    private static string[] Fragments =>
        [
            .. "a b : - ? , [ ] { } & * ! | > ' \" % @ ` # ~ \\ = <<: --- ... key:".Split(' '),
            .. "&a *a !!str !x !<x> |- >+ |2 \"\\u !! yes 1.5 {\"a\":1} é 🙂".Split(' '),
            " ",
            "  ",
            "\t",
            "\n",
            "\n ",
            "\n  ",
            "\n- ",
            "\r",
            "\n---\n",
            "\uFEFF",
            "\u0085",
            "\u2028",
            "\0",
        ];

    [Fact]
    public void EveryTextEnds() =>
        Fragment
            .Array[0, 40]
            .Select(string.Concat)
            .Sample(text => Ends(() => ManifestReader.Read(text)), iter: 50_000, print: text => $"{text}");

    [Fact]
    public void EveryByteStringEnds() => Gen.Byte.Array[0, 64].Sample(bytes => Ends(() => ManifestReader.Read(bytes)), iter: 5_000);

    [Fact]
    public void TheSameAgainAndAgainEnds()
    {
        foreach (var fragment in Fragments.Concat(["- a\n", "a: ", "{a: ", "[a,", "&a [*a,", "{\"a\":[", "? - ", "- - ", "#\n", "{}\n"]))
            Ends(() => ManifestReader.Read(string.Concat(Enumerable.Repeat(fragment, 50_000)))).ShouldBeTrue(fragment);
    }

    [Fact]
    public void AScannerThatRepeatsItselfIsStopped()
    {
        var scanner = new BoundedScanner("a: 1\n");
        Should.Throw<YamlDotNet.Core.SyntaxErrorException>(() =>
        {
            for (var i = 0; i < 10_000; i++)
                scanner.MoveNextWithoutConsuming();
        });
    }

    private static bool Ends(Action read) =>
        Task.Run(() =>
            {
                try
                {
                    read();
                }
                catch (ManifestException) { }
            })
            .Wait(Limit);
}
