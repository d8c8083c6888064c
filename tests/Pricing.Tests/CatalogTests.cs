using AgentReadiness.Contracts;
using CsCheck;

namespace AgentReadiness.Pricing.Tests;

public sealed class CatalogTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);
    private static readonly PriceCatalog Shipped = PriceCatalog.Load();

    [Fact]
    public void Shipped_catalog_prices_a_known_model_exactly()
    {
        var model = Shipped.Find(null, "gpt-5.4-mini-2026-03-17", Now).ShouldNotBeNull();
        model.RuleId.ShouldBe("openai/gpt-5.4-mini");
        model.ContextWindow.ShouldBe(400_000);
        model
            .Cost(new TokenUsage(1000, 200, 0, 100))!
            .Value.Total.ShouldBe(new Money((800 * 0.00000075m) + (200 * 0.000000075m) + (100 * 0.0000045m)));
    }

    [Fact]
    public void Unknown_free_and_unpriced_names_have_no_price()
    {
        Shipped.Find(null, "no-such-model", Now).ShouldBeNull();
        Shipped.Find(null, "", Now).ShouldBeNull();
        Shipped.Find("openai", "text-embedding-3-small", Now)!.Cost(new TokenUsage(1, 0, 0, 1)).ShouldBeNull();
        Shipped.Find("openai", "gpt-4o-mini-search-preview", Now)?.UpperBound(new CallBound(1, 1)).ShouldBeNull();
        Shipped.Find("nobody", "gpt-4o", Now).ShouldBeNull();
    }

    [Fact]
    public void Provider_comes_from_the_base_url()
    {
        Shipped.ProviderOf(new Uri("https://api.openai.com/v1")).ShouldBe("openai");
        Shipped.ProviderOf(new Uri("https://api.anthropic.com/v1")).ShouldBe("anthropic");
        Shipped.ProviderOf(new Uri("http://provider.test:9000/v1")).ShouldBeNull();
        Shipped.ProviderOf(new Uri("https://evil.test/https://api.openai.com")).ShouldBeNull();
    }

    [Fact]
    public void Azure_resells_what_it_does_not_list()
    {
        Shipped.Find("azure", "claude-opus-5", Now)!.RuleId.ShouldStartWith("anthropic/");
        Shipped.Find("openai", "claude-opus-5", Now).ShouldBeNull();
    }

    [Fact]
    public void Prices_change_on_their_dates()
    {
        var before = new DateTimeOffset(2026, 7, 29, 23, 59, 59, TimeSpan.Zero);
        Shipped.Find("openai", "gpt-5.6-luna", before)!.Tiers[0].Rates.Input.ShouldBe(0.000001m);
        Shipped.Find("openai", "gpt-5.6-luna", before.AddSeconds(1))!.Tiers[0].Rates.Input.ShouldBe(0.0000002m);
    }

    [Fact]
    public void A_long_context_reprices_the_whole_call()
    {
        var luna = Shipped.Find("openai", "gpt-5.6-luna-2026-07-30", Now)!;
        luna.Cost(new TokenUsage(272_000, 0, 0, 10))!.Value.Total.Amount.ShouldBe((272_000 * 0.0000002m) + (10 * 0.0000012m));
        luna.Cost(new TokenUsage(272_001, 0, 0, 10))!.Value.Total.Amount.ShouldBe((272_001 * 0.0000004m) + (10 * 0.0000018m));
    }

    [Theory]
    [InlineData("exact-name", "exact")]
    [InlineData("exact-name-2", "long-prefix")]
    [InlineData("exact-2", "prefix")]
    [InlineData("my-exact-name", "contains")]
    [InlineData("zz9", "regex")]
    public void A_name_that_several_rules_claim_has_a_stated_winner(string name, string winner)
    {
        var catalog = PriceCatalog.Parse(
            """
            {"providers":[{"id":"p","models":[
              {"id":"contains","contains":["exact-name"],"prices":[{"input":"1","output":"1"}]},
              {"id":"prefix","startsWith":["exact"],"prices":[{"input":"1","output":"1"}]},
              {"id":"long-prefix","startsWith":["exact-name"],"prices":[{"input":"1","output":"1"}]},
              {"id":"regex","regex":["^[a-z]+\\d$"],"prices":[{"input":"1","output":"1"}]},
              {"id":"exact","equals":["exact-name"],"prices":[{"input":"1","output":"1"}]}]}]}
            """
        );
        catalog.Find("p", name, Now)!.RuleId.ShouldBe("p/" + winner);
    }

    [Fact]
    public void Prices_are_rounded_up_to_12_digits_once()
    {
        var catalog = PriceCatalog.Parse(
            """{"providers":[{"id":"p","models":[{"id":"m","equals":["m"],"prices":[{"input":"0.0012345678","output":"1"}]}]}]}"""
        );
        var model = catalog.Find("p", "m", Now)!;
        model.Tiers[0].Rates.Input.ShouldBe(0.000000001235m);
        model.Cost(new TokenUsage(3, 0, 0, 1))!.Value.Total.Amount.ShouldBe(0.000001003705m);
    }

    [Fact]
    public void No_usage_within_the_bounds_costs_more_than_the_upper_bound()
    {
        var names = new[]
        {
            "gpt-5.4-mini",
            "gpt-5.6-luna",
            "claude-sonnet-5",
            "claude-sonnet-4-6",
            "gemini-2.5-pro",
            "sonar-pro",
            "gpt-4o",
        };
        var gen = Gen.Select(Gen.Int[0, names.Length - 1], Gen.Long[0, 300_000], Gen.Long[0, 100], Gen.Long[0, 100], Gen.Long[0, 100_000]);
        gen.Sample(
            (name, bound, read, write, limit) =>
            {
                var model = Shipped.Find(null, names[name], Now)!;
                var cacheRead = bound * read / 300;
                var cacheWrite = bound * write / 300;
                var window = Math.Min(bound, model.ContextWindow ?? long.MaxValue);
                var written = Math.Min(cacheWrite, window / 2);
                var usage = new TokenUsage(window, Math.Min(cacheRead, window / 2), written, limit)
                {
                    CacheWriteLong = written / 2,
                    Reasoning = limit / 3,
                };
                (model.Cost(usage)!.Value.Total <= model.UpperBound(new CallBound(bound, limit))!.Value).ShouldBeTrue();
            }
        );
    }
}
