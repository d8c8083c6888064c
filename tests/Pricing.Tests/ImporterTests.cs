using Shouldly;
using Xunit;

namespace AgentReadiness.Pricing.Tests;

public sealed class ImporterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Names_numbers_and_dates_are_carried_over_and_texts_are_not()
    {
        var import = GenaiPricesImporter.Import("""
            [{"id":"zz","name":"Z","api_pattern":"https://zz\\.test","models":[
              {"id":"m","description":"secret prose","price_comments":"more prose","match":{"or":[{"equals":"m"},{"starts_with":"m-"}]},"context_window":1000,
               "prices":[{"prices":{"input_mtok":2,"output_mtok":8}},
                         {"constraint":{"start_date":"2026-01-01"},"prices":{"input_mtok":{"base":1,"tiers":[{"start":500,"price":3}]},"output_mtok":4}}]}]},
             {"id":"openai","models":[{"id":"free","match":{"equals":"free"},"prices":{}}]}]
            """);
        import.CatalogJson.ShouldNotContain("prose");
        import.CatalogJson.IndexOf("\"openai\"", StringComparison.Ordinal).ShouldBeLessThan(import.CatalogJson.IndexOf("\"zz\"", StringComparison.Ordinal));
        import.Skipped.ShouldHaveSingleItem().ShouldStartWith("openai/free");
        var catalog = PriceCatalog.Parse(import.CatalogJson);
        var model = catalog.Find("zz", "m-1", Now)!;
        model.ContextWindow.ShouldBe(1000);
        model.Cost(new TokenUsage(500, 0, 0, 1)).Amount.ShouldBe(0.000504m);
        model.Cost(new TokenUsage(501, 0, 0, 1)).Amount.ShouldBe(0.001507m);
        catalog.Find("zz", "m", new DateTimeOffset(2025, 12, 31, 0, 0, 0, TimeSpan.Zero))!.Tiers[0].Input.ShouldBe(0.000002m);
    }

    [Fact]
    public void A_slip_of_unit_refuses_the_whole_import()
    {
        var error = Should.Throw<FormatException>(() => GenaiPricesImporter.Import(
            """[{"id":"p","models":[{"id":"jais","match":{"equals":"jais"},"prices":{"input_mtok":3200,"output_mtok":9710}}]}]"""));
        error.Message.ShouldContain("p/jais");
    }

    [Fact]
    public void A_time_of_day_counts_at_its_dearest()
    {
        var import = GenaiPricesImporter.Import("""
            [{"id":"p","models":[{"id":"m","match":{"equals":"m"},"prices":[
              {"prices":{"input_mtok":1,"output_mtok":1}},
              {"constraint":{"start_time":"00:30:00Z","end_time":"16:30:00Z"},"prices":{"input_mtok":2,"output_mtok":3}}]}]}]
            """);
        var tier = PriceCatalog.Parse(import.CatalogJson).Find("p", "m", Now)!.Tiers[0];
        (tier.Input, tier.Output).ShouldBe((0.000002m, 0.000003m));
    }

    [Fact]
    public void A_rule_that_is_not_understood_refuses_the_import()
    {
        Should.Throw<FormatException>(() => GenaiPricesImporter.Import(
            """[{"id":"p","models":[{"id":"m","match":{"and":[{"equals":"m"}]},"prices":{"input_mtok":1,"output_mtok":1}}]}]"""));
    }
}
