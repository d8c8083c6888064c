namespace AgentReadiness.Pricing.Tests;

/// <summary>
/// A catalog that people write is refused where it would not mean what it says, by the field's name and with what to write.
/// </summary>
public sealed class CatalogShapeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_shipped_catalog_and_the_documented_fields_are_read()
    {
        using var stream = typeof(PriceCatalog).Assembly.GetManifestResourceStream("catalog.json")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        PriceCatalog.Parse(reader.ReadToEnd()).Count.ShouldBeGreaterThan(1000);
        PriceCatalog
            .Parse(
                """
                {"unit":"USD per million tokens","providers":[{"id":"p","url":"https://p","names":["p"],"fallback":["openai"],
                  "models":[{"id":"m","startsWith":["m"],
                  "contextWindow":2,"maxOutputTokens":1,"unbounded":"why",
                    "prices":[{"from":"2027-01-01","input":"1","perRequest":"0.1","webSearch":"0.1",
                  "tiers":[{"over":1,"input":"2"}],"serviceTiers":{"flex":{"input":"1","tiers":[{"over":1,"input":"2"}]}}}]}]}]}
                """
            )
            .Count.ShouldBe(1);
        PriceCatalog.Parse("""{"providers":[]}""").Count.ShouldBe(0);
    }

    [Fact]
    public void The_catalogs_of_the_docs_are_read()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "pricing.md"));
        foreach (var (begin, prices) in new[] { ("```json\n", 0.75m), ("  prices.json: |\n", 0.6m) })
        {
            var text = page[(page.IndexOf(begin, StringComparison.Ordinal) + begin.Length)..];
            var catalog = PriceCatalog.Load().Merge(PriceCatalog.Parse(text[..text.IndexOf("```", StringComparison.Ordinal)]));
            var model = prices == 0.6m ? catalog.Find("openai", "gpt-5.4-mini-2026-03-17", Now) : catalog.Find("mine", "m", Now);
            model!.Tiers[0].Rates.Input.ShouldBe(prices / 1_000_000m);
        }
    }

    [Theory]
    [InlineData("{", "not a price catalog: ")]
    [InlineData("[]", "the catalog: write an object with")]
    [InlineData("{}", "providers: it is missing")]
    [InlineData("""{"provider":[]}""", "provider: there is no such field: use source, unit, providers")]
    [InlineData("""{"unit":"USD per token","providers":[]}""", "unit: \"USD per token\" is not read")]
    [InlineData("""{"providers":{}}""", "providers: {} is not read: write a list")]
    [InlineData("""{"providers":[{"id":null,"models":[]}]}""", "providers[0].id: null is not read: write a text")]
    [InlineData("""{"providers":[{"id":"p"}]}""", "providers[0].models: it is missing")]
    [InlineData("""{"providers":[{"id":"p","models":[]},{"id":"p","models":[]}]}""", "providers[1].id: \"p\" is there twice")]
    [InlineData("""{"providers":[{"id":"p","id":"q","models":[]}]}""", "not a price catalog: ")]
    [InlineData("""{"providers":[{"id":"p","url":"(","models":[]}]}""", "not a price catalog: ")]
    public void A_catalog_is_refused_by_its_field(string json, string message) => Refused(json, message);

    [Theory]
    [InlineData("""{"id":"m","equals":"m","prices":[{"input":"1"}]}""", "p: models[0].equals: \"m\" is not read: write a list of texts")]
    [InlineData("""{"id":"m","equals":[],"prices":[{"input":"1"}]}""", "p/m: it claims no model: add one of equals")]
    [InlineData("""{"id":"m","equals":["m"]}""", "p: models[0].prices: it is missing")]
    [InlineData("""{"id":"m","equals":["m"],"prices":[]}""", "p/m has no prices")]
    [InlineData(
        """{"id":"m","equals":["m"],"contextWindow":0,"prices":[{"input":"1"}]}""",
        "p: models[0].contextWindow: 0 is not read: write a whole number above 0"
    )]
    [InlineData("""{"id":"m","equals":["m"],"contextWindow":-5,"prices":[{"input":"1"}]}""", "p: models[0].contextWindow: -5")]
    [InlineData("""{"id":"m","equals":["m"],"contextWindow":"128k","prices":[{"input":"1"}]}""", "p: models[0].contextWindow: \"128k\"")]
    [InlineData(
        """{"id":"m","equals":["m"],"prices":[{"input":"1","outptu":"2"}]}""",
        "p/m: prices[0].outptu: there is no such field: use from"
    )]
    [InlineData(
        """{"id":"m","equals":["m"],"prices":[{"from":"1 May","input":"1"}]}""",
        "p/m: prices[0].from: \"1 May\" is not read: write a date"
    )]
    [InlineData("""{"id":"m","equals":["m"],"prices":[{"input":1}]}""", "p/m: input: 1 is not a price: write a decimal string")]
    [InlineData("""{"id":"m","equals":["m"],"prices":[{"input":"-1"}]}""", "p/m: input: \"-1\" is not a price")]
    [InlineData("""{"id":"m","equals":["m"],"prices":[{"output":"1"}]}""", "p/m has no input price")]
    [InlineData("""{"id":"m","equals":["m"],"prices":[{"input":"0.000003"}]}""", "p/m: input: 0.000003 USD per million tokens is outside")]
    [InlineData(
        """{"id":"m","equals":["m"],"prices":[{"input":"1","perRequest":"79228162514264337593543950335"}]}""",
        "not a price catalog: "
    )]
    [InlineData(
        """{"id":"m","equals":["m"],"prices":[{"input":"1","tiers":[{"input":"2"}]}]}""",
        "p/m: prices[0].tiers[0].over: it is missing"
    )]
    [InlineData(
        """{"id":"m","equals":["m"],"prices":[{"input":"1","serviceTiers":{"flex":{"input":"1","from":"2027-01-01"}}}]}""",
        "p/m: prices[0].serviceTiers.flex.from: there is no such field"
    )]
    public void A_rule_is_refused_by_its_field(string model, string message) =>
        Refused($$"""{"providers":[{"id":"p","models":[{{model}}]}]}""", message);

    private static void Refused(string json, string message) =>
        Should.Throw<FormatException>(() => PriceCatalog.Parse(json)).Message.ShouldStartWith(message);
}
