using AgentReadiness.Pricing.Import;

namespace AgentReadiness.Pricing.Tests;

public sealed class ImporterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Names_numbers_and_dates_are_carried_over_and_texts_are_not()
    {
        var import = GenaiPricesImporter.Import(
            """
            [{"id":"zz","name":"Z","api_pattern":"https://zz\\.test","models":[
              {"id":"m","description":"secret prose","price_comments":"more prose","match":{"or":[{"equals":"m"},{"starts_with":"m-"}]},
                "context_window":1000,
               "prices":[{"prices":{"input_mtok":2,"output_mtok":8}},
                         {"constraint":{"start_date":"2026-01-01"},
                           "prices":{"input_mtok":{"base":1,"tiers":[{"start":500,"price":3}]},"output_mtok":4}}]}]},
             {"id":"openai","models":[{"id":"free","match":{"equals":"free"},"prices":{}}]}]
            """
        );
        import.CatalogJson.ShouldNotContain("prose");
        import
            .CatalogJson.IndexOf("\"openai\"", StringComparison.Ordinal)
            .ShouldBeLessThan(import.CatalogJson.IndexOf("\"zz\"", StringComparison.Ordinal));
        import.Skipped.ShouldHaveSingleItem().ShouldStartWith("openai/free");
        var catalog = PriceCatalog.Parse(import.CatalogJson);
        var model = catalog.Find("zz", "m-1", Now)!;
        model.ContextWindow.ShouldBe(1000);
        model.Cost(new TokenUsage(500, 0, 0, 1))!.Value.Total.Amount.ShouldBe(0.000504m);
        model.Cost(new TokenUsage(501, 0, 0, 1))!.Value.Total.Amount.ShouldBe(0.001507m);
        catalog.Find("zz", "m", new DateTimeOffset(2025, 12, 31, 0, 0, 0, TimeSpan.Zero))!.Tiers[0].Rates.Input.ShouldBe(0.000002m);
    }

    [Fact]
    public void A_slip_of_unit_refuses_the_whole_import()
    {
        var error = Should.Throw<FormatException>(() =>
            GenaiPricesImporter.Import(
                """[{"id":"p","models":[{"id":"jais","match":{"equals":"jais"},"prices":{"input_mtok":3200,"output_mtok":9710}}]}]"""
            )
        );
        error.Message.ShouldContain("p/jais");
    }

    [Fact]
    public void A_time_of_day_counts_at_its_dearest()
    {
        var import = GenaiPricesImporter.Import(
            """
            [{"id":"p","models":[{"id":"m","match":{"equals":"m"},"prices":[
              {"prices":{"input_mtok":1,"output_mtok":1}},
              {"constraint":{"start_time":"00:30:00Z","end_time":"16:30:00Z"},"prices":{"input_mtok":2,"output_mtok":3}}]}]}]
            """
        );
        var tier = PriceCatalog.Parse(import.CatalogJson).Find("p", "m", Now)!.Tiers[0].Rates;
        (tier.Input, tier.Output).ShouldBe((0.000002m, 0.000003m));
    }

    [Fact]
    public void A_rule_that_is_not_understood_refuses_the_import()
    {
        Should.Throw<FormatException>(() =>
            GenaiPricesImporter.Import(
                """[{"id":"p","models":[{"id":"m","match":{"and":[{"equals":"m"}]},"prices":{"input_mtok":1,"output_mtok":1}}]}]"""
            )
        );
    }

    [Fact]
    public void Models_that_search_by_themselves_are_priced_and_unbounded()
    {
        var import = GenaiPricesImporter.Import(
            """
            [{"id":"p","models":[{"id":"m","match":{"or":[{"equals":"m"},{"equals":"m-search-preview"}]},
              "prices":{"input_mtok":1,"output_mtok":1}}]}]
            """
        );
        var catalog = PriceCatalog.Parse(import.CatalogJson);
        catalog.Find("p", "m", Now)!.UpperBound(new CallBound(1, 1)).ShouldNotBeNull();
        var searching = catalog.Find("p", "m-search-preview", Now)!;
        searching.UpperBound(new CallBound(1, 1)).ShouldBeNull();
        searching.Cost(new TokenUsage(1, 0, 0, 1)).ShouldNotBeNull();
    }

    [Fact]
    public void The_map_of_litellm_is_per_token_and_a_slip_of_unit_is_left_out_by_name()
    {
        var import = LiteLlmImporter.Import(
            """
            {"sample_spec":{"litellm_provider":"one of","mode":"chat","input_cost_per_token":0},
             "gpt-5":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1.25e-06,"output_cost_per_token":1e-05,
               "cache_read_input_token_cost":1.25e-07,
               "input_cost_per_token_flex":6.25e-07,"output_cost_per_token_flex":5e-06,"input_cost_per_token_priority":2.5e-06,
                 "output_cost_per_token_priority":2e-05,
               "max_input_tokens":272000,"max_output_tokens":128000},
             "gemini/gemini-x":{"litellm_provider":"gemini","mode":"chat","input_cost_per_token":1e-06,"output_cost_per_token":2e-06,
               "input_cost_per_token_above_200k_tokens":2e-06,"output_cost_per_token_above_200k_tokens":3e-06},
             "azure_ai/jais-30b-chat":{"litellm_provider":"azure_ai","mode":"chat","input_cost_per_token":0.0032,
               "output_cost_per_token":0.00971},
             "dall-e-3":{"litellm_provider":"openai","mode":"image_generation","input_cost_per_image":0.04}}
            """
        );
        import.Skipped.ShouldHaveSingleItem().ShouldContain("azure/azure_ai/jais-30b-chat");
        var catalog = PriceCatalog.Parse(import.CatalogJson);
        var gpt = catalog.Find("openai", "gpt-5", Now)!;
        (gpt.ContextWindow, gpt.MaxOutputTokens).ShouldBe((272_000, 128_000));
        var usage = new TokenUsage(1000, 200, 0, 10);
        gpt.Cost(usage)!.Value.Total.Amount.ShouldBe((800 * 0.00000125m) + (200 * 0.000000125m) + (10 * 0.00001m));
        gpt.Cost(new TokenUsage(1000, 0, 0, 10), "flex")!.Value.Total.Amount.ShouldBe((1000 * 0.000000625m) + (10 * 0.000005m));
        gpt.Cost(new TokenUsage(1000, 0, 0, 10), "priority")!.Value.Total.Amount.ShouldBe((1000 * 0.0000025m) + (10 * 0.00002m));
        var gemini = catalog.Find("google", "gemini-x", Now)!;
        gemini.Cost(new TokenUsage(200_000, 0, 0, 1))!.Value.Total.Amount.ShouldBe(0.200002m);
        gemini.Cost(new TokenUsage(200_001, 0, 0, 1))!.Value.Total.Amount.ShouldBe((200_001 * 0.000002m) + 0.000003m);
    }

    [Fact]
    public void A_price_per_token_in_a_catalog_per_million_is_refused()
    {
        var error = Should.Throw<FormatException>(() =>
            PriceCatalog.Parse(
                """{"providers":[{"id":"p","models":[{"id":"m","equals":["m"],"prices":[{"input":"0.000003","output":"0.000015"}]}]}]}"""
            )
        );
        error.Message.ShouldContain("p/m: input");
    }

    [Fact]
    public void A_catalog_over_another_replaces_its_rules_and_keeps_the_rest()
    {
        const string Base =
            """{"providers":[{"id":"p","url":"https://p\\.test","models":[{"id":"a","equals":["a"]"""
            + ""","prices":[{"input":"1","output":"1"}]},{"id":"b","equals":["b"],"prices":[{"input":"1","output":"1"}]}]}]}""";
        const string Over =
            """{"providers":[{"id":"p","models":[{"id":"a","equals":["a"],"prices":[{"input":"2","output":"2"}]}]},"""
            + """{"id":"q","models":[{"id":"c","equals":["c"],"prices":[{"input":"3","output":"3"}]}]}]}""";
        var merged = PriceCatalog.Parse(Base).Merge(PriceCatalog.Parse(Over));
        merged.Find("p", "a", Now)!.Tiers[0].Rates.Input.ShouldBe(0.000002m);
        merged.Find("p", "b", Now)!.Tiers[0].Rates.Input.ShouldBe(0.000001m);
        merged.Find("q", "c", Now)!.Tiers[0].Rates.Input.ShouldBe(0.000003m);
        merged.ProviderOf(new Uri("https://p.test/v1")).ShouldBe("p");
    }

    [Fact]
    public void A_price_that_begins_beyond_the_window_is_refused_by_name()
    {
        const string data = """
            [{"id":"p","models":[{"id":"m","match":{"equals":"m"},"context_window":200000,
              "prices":{"input_mtok":{"base":1,"tiers":[{"start":200000,"price":2}]},"output_mtok":1}}]}]
            """;
        Should
            .Throw<FormatException>(() => GenaiPricesImporter.Import(data))
            .Message.ShouldStartWith("p/m: contextWindow: 200000 is wrong: a price begins over 200000 tokens");
        // A window that is known to be wrong in the data is stated in this program.
        var mended = GenaiPricesImporter.Import(
            data.Replace("\"p\"", "\"anthropic\"", StringComparison.Ordinal)
                .Replace("\"m\"", "\"claude-opus-4-6\"", StringComparison.Ordinal)
        );
        mended.CatalogJson.ShouldContain("\"contextWindow\":1000000");
        var (catalog, skipped) = LiteLlmImporter.Import(
            """
            {"m":{"litellm_provider":"p","mode":"chat","max_input_tokens":200000,"input_cost_per_token":1e-6,
              "input_cost_per_token_above_200k_tokens":2e-6}}
            """
        );
        catalog.ShouldNotContain("\"m\"");
        skipped.ShouldHaveSingleItem().ShouldStartWith("p/m: contextWindow: 200000 is wrong");
    }
}
