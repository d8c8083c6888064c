using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Tests;

/// <summary>Which prices are in force: the last good ones, whatever is done to the ConfigMap.</summary>
public sealed class PriceBookTests
{
    private const string Good =
        """{"providers":[{"id":"openai","models":[{"id":"gpt-5","equals":["gpt-5"],"prices":[{"input":"1","output":"2"}]}]}]}""";
    private static readonly NamespacedName Source = new("platform", "prices");

    private readonly ObjectCache<PricesView> cache = new(ConfigMapView.Resource, null, PricesView.Of) { Only = Source };
    private readonly ObjectCache<ConfigMapView> own = new(
        ConfigMapView.Resource,
        null,
        item => ConfigMapView.Of(item, Options().LastPrices)
    );
    private readonly LineLogger<PriceBook> log = new();
    private int versions;

    [Fact]
    public void Good_prices_are_in_force_and_told()
    {
        var book = new PriceBook(own, Options(), log, cache);
        book.State.ShouldBeNull("the caches are not in yet");
        own.Replace([]);
        book.State.ShouldBeNull("one cache is not in yet");
        cache.Replace([Item(Good)]);
        book.InForce.ShouldBe(new GuardrailPrices(Good, GuardrailPrices.DigestOf(Good)));
        book.State!.Reason.ShouldBe(PriceReasons.Applied);
        book.State.Message.ShouldStartWith("1 price rules of ConfigMap platform/prices");
        book.State.Uid.ShouldBe("uid-prices");
        log.Lines.ShouldHaveSingleItem().ShouldStartWith("Information PricesApplied: ");

        cache.Upsert(Item(Good));
        _ = book.State;
        log.Lines.Count.ShouldBe(1, "nothing new was said");
    }

    public static TheoryData<string?, string> Bad() =>
        new()
        {
            { "{", "not a price catalog" },
            { Good.Replace("\"input\"", "\"imput\"", StringComparison.Ordinal), "openai/gpt-5: prices[0].imput: there is no such field" },
            {
                Good.Replace("\"1\"", "\"0.000001\"", StringComparison.Ordinal),
                "openai/gpt-5: input: 0.000001 USD per million tokens is outside"
            },
            { Good + new string(' ', PriceBook.MostBytes), "each guardrail gets a copy of at most 524288" },
            { null, "data has no key prices.json: add it" },
        };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_broken_file_is_told_by_its_field_and_the_last_good_one_stays(string? text, string problem)
    {
        var book = Open();
        cache.Replace([Item(text)]);
        book.InForce.ShouldBeNull();
        book.State!.Reason.ShouldBe(PriceReasons.Invalid);
        book.State.Message.ShouldContain(problem);
        book.State.Message.ShouldEndWith("the shipped prices alone are in force");
        log.Lines.ShouldHaveSingleItem().ShouldStartWith("Error PricesInvalid: prices.json of ConfigMap platform/prices is not used: ");

        cache.Upsert(Item(Good));
        book.InForce!.Text.ShouldBe(Good);
        book.State.Reason.ShouldBe(PriceReasons.Applied);

        cache.Upsert(Item(text));
        book.InForce!.Text.ShouldBe(Good);
        book.State.Message.ShouldEndWith("the last good prices stay in force");
        book.State.IsWrong.ShouldBeTrue();
    }

    [Fact]
    public void A_ConfigMap_that_is_not_there_is_told_and_changes_nothing()
    {
        var book = Open();
        cache.Replace([]);
        book.InForce.ShouldBeNull();
        book.State!.Reason.ShouldBe(PriceReasons.NotFound);
        var item = Item(Good);
        cache.Upsert(item);
        book.InForce!.Text.ShouldBe(Good);
        cache.Delete(item);
        book.InForce!.Text.ShouldBe(Good, "a slip must not change what is charged");
        book.State.Reason.ShouldBe(PriceReasons.NotFound);
    }

    [Theory]
    [InlineData(Good, Good)]
    [InlineData("{", null)]
    public void Who_takes_over_while_the_file_is_broken_goes_on_with_the_last_good_one(string kept, string? inForce)
    {
        var book = Open();
        own.Replace([Item(kept, Options().LastPrices.Name)]);
        cache.Replace([Item("{")]);
        book.InForce?.Text.ShouldBe(inForce);
        (book.InForce is null).ShouldBe(inForce is null);
        book.State!.Message.ShouldEndWith(inForce is null ? "the shipped prices alone are in force" : "the last good prices stay in force");
        var next = Good.Replace("gpt-5", "gpt-6", StringComparison.Ordinal);
        cache.Upsert(Item(next));
        book.InForce!.Text.ShouldBe(next);
    }

    [Fact]
    public void Other_ConfigMaps_are_nobodys_prices_and_none_is_named_unless_it_is()
    {
        var changes = 0;
        var book = Open();
        book.Changed += () => changes++;
        own.Upsert(Item(Good, "other"));
        cache.Replace([]);
        book.InForce.ShouldBeNull();
        (own.Get(Source with { Name = "other" })!.View.Prices, changes).ShouldBe((null, 0));
        cache.Upsert(Item(Good));
        changes.ShouldBe(1);

        var none = new PriceBook(own, Options() with { PricesConfigMap = null }, log);
        (none.InForce, none.State).ShouldBe((null, null));
        Options().Prices.ShouldBe(Source);
    }

    private PriceBook Open()
    {
        own.Replace([]);
        return new PriceBook(own, Options(), log, cache);
    }

    private static OperatorOptions Options() =>
        OperatorOptions.FromEnvironment(name =>
            name switch
            {
                "POD_NAMESPACE" => Source.Namespace,
                "PRICES_CONFIGMAP" => Source.Name,
                "GRANTS_SECRET" => "x",
                _ when name.StartsWith("GRANTS_", StringComparison.Ordinal) && name != "GRANTS_URL" => null,
                _ when name.EndsWith("_PORT", StringComparison.Ordinal)
                        || name.EndsWith("CONCURRENCY", StringComparison.Ordinal)
                        || name.EndsWith("_RESOURCES", StringComparison.Ordinal) => null,
                _ => "x",
            }
        );

    private JsonElement Item(string? text, string name = "prices") =>
        JsonSerializer.SerializeToElement(
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["namespace"] = Source.Namespace,
                    ["name"] = name,
                    ["uid"] = $"uid-{name}",
                    ["resourceVersion"] = $"{++versions}",
                },
                ["data"] = new JsonObject { [text is null ? "price.json" : "prices.json"] = text ?? "{}" },
            }
        );
}
