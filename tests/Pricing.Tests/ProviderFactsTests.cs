using CsCheck;

namespace AgentReadiness.Pricing.Tests;

/// <summary>What the catalog knows of providers: read, merged, refused by name where it is wrong, and never below what is billed.</summary>
public sealed class ProviderFactsTests
{
    private const string Model = """{"id":"m","equals":["m"],"contextWindow":1000,"prices":[{"input":"1","output":"2"}]}""";
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Theory]
    [InlineData("\"fields\":{\"chats\":{}}", "p: fields.chats: there is no such format")]
    [InlineData("\"fields\":{\"chat\":{\"permit\":[]}}", "p: fields.chat.permit: there is no such field")]
    [InlineData("\"fields\":{\"chat\":{\"allow\":\"x\"}}", "p: fields.chat.allow: \"x\" is not read: write a list")]
    [InlineData("\"outputLimits\":[\"max\"]", "p: outputLimits: [\"max\"] is not read: write a list of one or both of max_tokens")]
    [InlineData("\"streamUsage\":\"yes\"", "p: streamUsage: \"yes\" is not read: write true or false")]
    [InlineData("\"serviceTiers\":{\"flex\":0.5}", "p: serviceTiers.flex: 0.5 is not read: write a factor")]
    [InlineData("\"geographies\":{\"us\":\"110\"}", "p: geographies.us: \"110\" is not read: write a factor")]
    [InlineData("\"hosts\":[{\"factor\":\"1\"}]", "p: hosts[0].url")]
    [InlineData("\"hosts\":[{\"url\":\"x\"}]", "p: hosts[0].factor: it is missing")]
    [InlineData("\"hosts\":[{\"url\":\"(\",\"factor\":\"1\"}]", "not a price catalog: ")]
    [InlineData("\"hosts\":[{\"url\":\"(?=x)\",\"factor\":\"1\"}]", "not a price catalog: the pattern (?=x) looks around")]
    [InlineData("\"unbilled\":{\"statuses\":[\"5xx\"]}", "p: unbilled.source: it is missing")]
    [InlineData("\"unbilled\":{\"statuses\":[\"200\"],\"source\":\"x\"}", "p: unbilled.statuses")]
    [InlineData("\"billed\":{\"statuses\":[\"400\"]}", "p: billed.source: it is missing: add the provider's own page")]
    [InlineData("\"statesCost\":1", "p: statesCost: 1 is not read: write true or false")]
    [InlineData("\"windows\":{\"m\":\"1000\"}", "p: windows.m: \"1000\" is not read: write a whole number")]
    [InlineData("\"window\":{}", "providers[0].window: there is no such field")]
    public void What_is_wrong_is_named(string facts, string message) =>
        Should
            .Throw<FormatException>(() => PriceCatalog.Parse($$"""{"providers":[{"id":"p",{{facts}},"models":[{{Model}}]}]}"""))
            .Message.ShouldContain(message);

    [Theory]
    [InlineData("""{"id":"m","equals":["m"],"contextWindow":200000,"prices":[{"input":"1","tiers":[{"over":200000,"input":"2"}]}]}""", "")]
    [InlineData("""{"id":"m","equals":["m"],"contextWindow":1000,"prices":[{"input":"1","tiers":[{"over":200000,"input":"2"}]}]}""", "")]
    [InlineData("""{"id":"m","equals":["m"],"prices":[{"input":"1","tiers":[{"over":200000,"input":"2"}]}]}""", "\"windows\":{\"m\":9},")]
    [InlineData(
        """{"id":"m","equals":["m"],"contextWindow":9,"prices":[{"input":"1","serviceTiers":{"x":{"input":"1", """
            + """ "tiers":[{"over":9,"input":"2"}]}}}]}""",
        ""
    )]
    public void A_price_that_begins_beyond_the_window_proves_the_window_wrong(string model, string facts) =>
        Should
            .Throw<FormatException>(() => PriceCatalog.Parse($$"""{"providers":[{"id":"p",{{facts}}"models":[{{model}}]}]}"""))
            .Message.ShouldStartWith("p/m: contextWindow: ");

    [Fact]
    public void A_window_that_is_laid_over_a_price_is_checked_against_it()
    {
        var over = PriceCatalog.Parse("""{"providers":[{"id":"google","windows":{"gemini-2.5-pro":128000},"models":[]}]}""");
        Should
            .Throw<FormatException>(() => PriceCatalog.Load().Merge(over))
            .Message.ShouldStartWith("google/gemini-2.5-pro: contextWindow");
    }

    [Fact]
    public void A_platform_overrides_facts_one_by_one()
    {
        var catalog = PriceCatalog
            .Load()
            .Merge(
                PriceCatalog.Parse(
                    """
                    {"providers":[{"id":"openrouter","fields":{"chat":{"allow":["models"]}},"windows":{"openai/gpt-4o":4},"models":[]},
                      {"id":"mistral","outputLimits":["max_completion_tokens"],"models":[]}]}
                    """
                )
            );
        var router = catalog.FactsOf("openrouter");
        var chat = router.Fields[UsageApi.Chat];
        (chat.Allow.Contains("models"), chat.Refuse.Contains("models"), chat.Refuse.Contains("plugins")).ShouldBe((true, false, true));
        router.IsUnbilled(502).ShouldBeTrue();
        var mistral = catalog.FactsOf("mistral");
        (mistral.OutputLimits[0], mistral.StreamUsage).ShouldBe(("max_completion_tokens", false));
        catalog.Find("openrouter", "openai/gpt-4o", Now)!.ContextWindow.ShouldBe(4);
    }

    [Fact]
    public void A_model_that_is_stated_anew_has_the_window_that_stands_there()
    {
        var over = PriceCatalog.Parse(
            """{"providers":[{"id":"google","models":[{"id":"gemini-2.5-flash","equals":["g"],"contextWindow":7, """
                + """ "prices":[{"input":"1"}]}]}]}"""
        );
        PriceCatalog.Load().Find("google", "gemini-2.5-flash", Now)!.ContextWindow.ShouldBe(1048576);
        PriceCatalog.Load().Merge(over).Find("google", "g", Now)!.ContextWindow.ShouldBe(7);
    }

    [Fact]
    public void Every_shipped_price_can_be_reached_within_its_window() => PriceCatalog.Load().Count.ShouldBeGreaterThan(1000);

    [Theory]
    [InlineData("anthropic", "claude-opus-4-6")]
    [InlineData("google", "claude-opus-4-6")]
    public void The_windows_that_a_price_proved_wrong_are_right(string provider, string model) =>
        PriceCatalog.Load().Find(provider, model, Now)!.ContextWindow.ShouldBe(1_000_000);

    [Theory]
    [InlineData("openai", "gpt-5.4-mini", "priority", "service_tier")]
    [InlineData("openai", "gpt-5.4-mini", "Flex", "service_tier")]
    [InlineData("anthropic", "claude-opus-4-6", "priority", "service_tier")]
    [InlineData("google", "gemini-2.5-flash", "SERVICE_TIER_PRIORITY", "service_tier")]
    public void A_tier_without_a_price_has_no_bound(string provider, string model, string tier, string parameter)
    {
        var price = PriceCatalog.Load().Find(provider, model, Now)!;
        var bound = new CallBound(1, 1) { ServiceTier = tier };
        price.UpperBound(bound).ShouldBeNull();
        var why = price.WhyUnbounded(bound).ShouldNotBeNull();
        (why.Parameter, why.Why.Contains(price.RuleId, StringComparison.Ordinal)).ShouldBe((parameter, true));
    }

    [Fact]
    public void Flex_costs_half_at_OpenAI()
    {
        var price = PriceCatalog.Load().Find("openai", "gpt-5.4-mini", Now)!;
        price.Cost(new TokenUsage(1000, 0, 0, 10), "flex")!.Value.Total.Amount.ShouldBe(((1000 * 0.00000075m) + (10 * 0.0000045m)) / 2);
    }

    [Theory]
    [InlineData("openai", "gpt-4o-2024-05-13", 1000 * 0.000005 + 10 * 0.000015)]
    [InlineData("openai", "gpt-4o-2024-08-06", 1000 * 0.0000025 + 10 * 0.00001)]
    [InlineData("mistral", "mistral-small-latest", 1000 * 0.00000015 + 10 * 0.0000006)]
    public void An_imported_price_that_is_too_low_is_corrected(string provider, string model, double cost) =>
        PriceCatalog.Load().Find(provider, model, Now)!.Cost(new TokenUsage(1000, 0, 0, 10))!.Value.Total.Amount.ShouldBe((decimal)cost);

    [Theory]
    [InlineData("openai", "gpt-4.1", 1_047_576)]
    [InlineData("openai", "o1", 200_000)]
    [InlineData("google", "gemini-3-flash-preview", 1_048_576)]
    [InlineData("openrouter", "anthropic/claude-sonnet-4", 1_000_000)]
    [InlineData("openrouter", "google/gemini-2.5-flash", 1_048_576)]
    public void A_window_is_no_smaller_than_a_second_source_says(string provider, string model, long window) =>
        PriceCatalog.Load().Find(provider, model, Now)!.ContextWindow!.Value.ShouldBeGreaterThanOrEqualTo(window);

    [Fact]
    public void What_a_provider_says_that_it_bills_is_never_nothing()
    {
        var azure = PriceCatalog.Load().FactsOf("azure");
        (azure.MayBill(400), azure.MayBill(408), azure.MayBill(429), azure.MayBill(404)).ShouldBe((true, true, false, false));
        PriceCatalog.Load().FactsOf("openai").MayBill(400).ShouldBeFalse();
    }

    [Fact]
    public void A_missing_window_names_its_entry()
    {
        var price = PriceCatalog
            .Parse("""{"providers":[{"id":"p","models":[{"id":"m","equals":["m"],"prices":[{"input":"1"}]}]}]}""")
            .Find("p", "m", Now)!;
        price.WhyUnbounded(new CallBound(1, 1) { MediaInput = true })!.Why.ShouldContain("add \"m\" to the windows of provider \"p\"");
        price.WhyUnbounded(new CallBound(null, 1)).ShouldNotBeNull();
        price.WhyUnbounded(new CallBound(1, 1)).ShouldBeNull();
    }

    [Fact]
    public void A_model_that_writes_images_is_bounded_at_their_rate()
    {
        var price = PriceCatalog.Load().Find("google", "gemini-3-pro-image-preview", Now)!;
        var image = price.Cost(new TokenUsage(100, 0, 0, 1290) { OutputImage = 1290 })!.Value.Total;
        (price.UpperBound(new CallBound(100, 256))!.Value >= image).ShouldBeTrue();
        price.UpperBound(new CallBound(100, 256) { TextOnly = true })!.Value.Amount.ShouldBe((100 * 0.000002m) + (256 * 0.000012m));
        price.UpperBound(new CallBound(100, 20_000))!.Value.Amount.ShouldBe((100 * 0.000002m) + (20_000 * 0.00012m));
    }

    /// <summary>
    /// Whatever of the shipped models answers, in whatever tier, place and modality it may, the call never costs more than its bound.
    /// </summary>
    [Fact]
    public void No_call_costs_more_than_its_bound()
    {
        var catalog = PriceCatalog.Load();
        (string Provider, string Model)[] models =
        [
            ("openai", "gpt-5.4"),
            ("openai", "gpt-audio"),
            ("anthropic", "claude-opus-4-6"),
            ("anthropic", "claude-sonnet-4-5"),
            ("google", "gemini-2.5-flash-lite"),
            ("google", "gemini-3-pro-image-preview"),
            ("google", "gemini-2.5-pro"),
            ("azure", "gpt-4o"),
        ];
        string?[] asked = [null, "auto", "default", "flex", "batch"];
        string?[] places = [null, "global", "us"];
        Gen.Select(
                Gen.Int[0, models.Length - 1],
                Gen.Select(Gen.Int[0, 1_200_000], Gen.Int[0, 30_000], Gen.Int[0, 100], Gen.Int[0, 100]),
                Gen.Int[0, asked.Length - 1],
                Gen.Int[0, places.Length - 1],
                Gen.Int[0, places.Length - 1],
                Gen.Bool
            )
            .Sample(
                (which, counts, tier, wanted, served, text) =>
                {
                    var price = catalog.Find(models[which].Provider, models[which].Model, Now)!;
                    var (input, output, cached, media) = counts;
                    input = (int)Math.Min(input, price.ContextWindow ?? long.MaxValue);
                    var usage = new TokenUsage(input, (long)input * cached / 100, 0, output)
                    {
                        OutputImage = text ? 0 : (long)output * media / 100,
                        OutputAudio = text ? 0 : (long)output * (100 - media) / 100,
                    };
                    var bound = new CallBound(input, output)
                    {
                        ServiceTier = asked[tier],
                        Geography = places[wanted],
                        HostFactor = 1.1m,
                        TextOnly = text,
                    };
                    if (price.UpperBound(bound) is not { } most)
                    {
                        price.WhyUnbounded(bound).ShouldNotBeNull();
                        return;
                    }
                    var place = places[wanted] ?? places[served];
                    if (price.Cost(usage, asked[tier], place, 1.1m) is { } cost)
                        (cost.Total <= most).ShouldBeTrue();
                },
                iter: 20_000
            );
    }
}
