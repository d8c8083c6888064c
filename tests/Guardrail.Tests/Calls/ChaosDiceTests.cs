using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Which call meets which fault: as often as is stated, the same each time, and nothing that is not listed.</summary>
public sealed class ChaosDiceTests
{
    private const int Calls = 20_000;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 20)]
    [InlineData(7, 20)]
    [InlineData(7, 50)]
    [InlineData(1_000_000, 99)]
    [InlineData(0, 100)]
    public void A_rate_is_what_it_says(int seed, int percent)
    {
        var plan = Plan(seed, Model(ChaosFaults.ServerError, "openai", percent));
        var met = Enumerable.Range(0, Calls).Count(i => Draw(plan, $"case-{i % 500}", 1 + (i / 500)) is not null);
        // Six standard deviations: one run in five hundred million would be outside by chance, and there is no chance here.
        var share = percent / 100.0;
        Math.Abs(met - (Calls * share)).ShouldBeLessThanOrEqualTo(6 * Math.Sqrt(Calls * share * (1 - share)));
    }

    [Fact]
    public void Each_of_several_faults_has_its_own_rate_and_a_call_meets_one_at_most()
    {
        var plan = Plan(
            3,
            Model(ChaosFaults.RateLimited, "openai", 30),
            Model(ChaosFaults.Slow, "*", 10),
            Model(ChaosFaults.ServerError, "other", 60)
        );
        var met = Enumerable
            .Range(0, Calls)
            .Select(i => Draw(plan, $"case-{i}", 1)?.Fault ?? "none")
            .GroupBy(fault => fault)
            .ToDictionary(same => same.Key, same => same.Count());
        met.Keys.Order().ShouldBe(["RateLimited", "Slow", "none"]);
        foreach (var (fault, share) in (ReadOnlySpan<(string, double)>)[("RateLimited", 0.3), ("Slow", 0.1), ("none", 0.6)])
            Math.Abs(met[fault] - (Calls * share)).ShouldBeLessThanOrEqualTo(6 * Math.Sqrt(Calls * share * (1 - share)), fault);
    }

    [Fact]
    public void The_same_call_meets_the_same_fault_and_everything_that_names_it_counts()
    {
        var plan = Plan(1, Model(ChaosFaults.ServerError, "*", 50), Tool(ChaosFaults.ToolError, "*", 50));
        string Of(ChaosPlan of, string id, int turn, ChaosTarget target) =>
            string.Concat(
                Enumerable.Range(1, 200).Select(call => ChaosDice.Draw(of, ChaosDice.KeyOf(id, turn), target, call) is null ? '.' : 'x')
            );
        var target = new ChaosTarget(false, "openai");
        var first = Of(plan, "a", 1, target);
        Of(plan, "a", 1, target).ShouldBe(first);
        // Fixed: a release that draws otherwise would make evaluations of before and after incomparable.
        first[..40].ShouldBe(".x...x.x......x.xxxx..xxxx...xx.xx.xxx.x");
        string[] others =
        [
            Of(plan, "b", 1, target),
            Of(plan, "a", 2, target),
            Of(plan, "a", 1, new ChaosTarget(false, "other")),
            Of(plan, "a", 1, new ChaosTarget(true, "openai")),
            Of(Plan(2, [.. plan.Faults]), "a", 1, target),
            Of(ChaosPlan.Of("another", 1, plan.Faults), "a", 1, target),
        ];
        others.ShouldNotContain(first);
        others.Distinct().Count().ShouldBe(others.Length);
    }

    [Fact]
    public void Another_plan_has_another_id()
    {
        ChaosFault[] faults =
        [
            Model(ChaosFaults.Slow, "a", 10, "5s"),
            Model(ChaosFaults.Slow, "a", 10, "6s"),
            Model(ChaosFaults.Slow, "a", 11, "5s"),
            Model(ChaosFaults.Slow, "b", 10, "5s"),
            Tool(ChaosFaults.Slow, "a", 10, "5s"),
            Model(ChaosFaults.WrongJson, "a", 10),
            Tool(ChaosFaults.InjectedText, "a", 10, "x"),
            Tool(ChaosFaults.InjectedText, "a", 10, "y"),
        ];
        var ids = faults.Select(fault => ChaosPlan.Of("e", 0, [fault]).Id).ToList();
        ids.AddRange([ChaosPlan.Of("e", 1, [faults[0]]).Id, ChaosPlan.Of("f", 0, [faults[0]]).Id, ChaosPlan.Of("e", 0, faults[..2]).Id]);
        ids.Distinct().Count().ShouldBe(ids.Count);
        ids.ShouldAllBe(id => id.Length == ChaosPlan.IdLength);
    }

    [Fact]
    public void A_fault_that_is_not_listed_is_refused()
    {
        var listed = Gens.OneOf([.. ChaosFaults.All]);
        Gen.Select(listed, Gen.Int[0, 15], Gen.Char.AlphaNumeric, Gen.Int[0, 3])
            .Select(
                (word, place, letter, kind) =>
                    kind switch
                    {
                        0 => word.Insert(place % word.Length, letter.ToString()),
                        1 => word.Remove(place % word.Length, 1),
                        2 => word.ToUpperInvariant(),
                        _ => $" {word}",
                    }
            )
            .Where(word => !ChaosFaults.All.Contains(word))
            .Sample(word =>
                Should
                    .Throw<FormatException>(() => Read("eval", ChaosPlan.Of("e", 0, [Tool(word, "a", 10)])))
                    .Message.ShouldContain("chaos[0].faults[0].fault")
            );
    }

    [Theory]
    [InlineData("", "a", 10, "5s")]
    [InlineData("Slow", null, 10, "5s")]
    [InlineData("Slow", "a", 0, "5s")]
    [InlineData("Slow", "a", 101, "5s")]
    [InlineData("Slow", "a", 10, "soon")]
    [InlineData("Slow", "a", 10, null)]
    public void A_plan_that_cannot_be_carried_out_is_refused(string fault, string? tool, int percent, string? delay) =>
        Should.Throw<FormatException>(() =>
            Read(
                "eval",
                ChaosPlan.Of(
                    "e",
                    0,
                    [
                        new ChaosFault
                        {
                            Fault = fault,
                            Tool = tool,
                            Percent = percent,
                            Delay = delay,
                        },
                    ]
                )
            )
        );

    [Fact]
    public void Percents_above_a_hundred_and_a_wrong_digest_are_refused()
    {
        Should.Throw<FormatException>(() =>
            Read("eval", ChaosPlan.Of("e", 0, [Tool("ToolError", "a_*", 60), Tool("ToolError", "a_b", 41)]))
        );
        Should.Throw<FormatException>(() => Read("eval", Plan(0, Model("ServerError", "*", 60), Model("ServerError", "a", 41))));
        Should.Throw<FormatException>(() => Read("eval", null!)).Message.ShouldContain("chaos[0]");
        Should.Throw<FormatException>(() =>
            Read(
                "eval",
                new ChaosPlan
                {
                    Id = "0123456789abcdef",
                    Eval = "e",
                    Faults = [Model("ServerError", "a", 41)],
                }
            )
        );
        Read("eval", Plan(0, Model("ServerError", "a", 60), Model("ServerError", "b", 60))).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("serving")]
    [InlineData("judge")]
    [InlineData("Eval")]
    [InlineData("")]
    public void No_other_track_has_a_plan(string track) => Read(track, Plan(0, Model("ServerError", "a", 100))).ShouldBeNull();

    [Fact]
    public void What_is_met_is_read_as_it_is_told_and_nothing_else_is()
    {
        Gen.Select(Gens.OneOf([.. ChaosFaults.All]), Gen.String[0, 200])
            .Sample(
                (fault, target) =>
                {
                    var word = ChaosHeaders.Word(fault, target);
                    word.Length.ShouldBeLessThanOrEqualTo(ChaosHeaders.LongestMet);
                    ChaosHeaders.ReadMet($"0123456789abcdef;{word}", "0123456789abcdef").ShouldBe([word]);
                }
            );
        Gen.String[0, 60]
            .Where(text => !ChaosHeaders.IsWord(text))
            .Sample(text => ChaosHeaders.ReadMet($"0123456789abcdef;{text}", "0123456789abcdef").ShouldBeNull());
        ChaosHeaders.ReadMet("0123456789abcdef", "0123456789abcdef").ShouldBe([]);
        ChaosHeaders.ReadMet("0123456789abcdee", "0123456789abcdef").ShouldBeNull();
        ChaosHeaders.ReadMet(null, "0123456789abcdef").ShouldBeNull();
        ChaosHeaders.IsWord("Meteor/openai").ShouldBeFalse();
    }

    [Fact]
    public void A_pattern_means_what_the_lists_of_tools_mean()
    {
        var part = Gens.OneOf("a", "b", "*", "ab", "_");
        Gen.Select(part.Array[0, 6].Select(string.Concat), Gens.OneOf("a", "b", "_").Array[0, 8].Select(string.Concat))
            .Where((pattern, _) => pattern.Length > 0)
            .Sample((pattern, name) => NamePattern.Matches(pattern, name).ShouldBe(new NamePatterns([pattern]).Allow(name)));
    }

    private static ChaosSettings? Read(string track, ChaosPlan plan)
    {
        var config = new GuardrailConfig
        {
            Agent = new GuardrailIdentity
            {
                Namespace = "shop",
                Name = "support",
                Revision = "abc",
                Track = track,
            },
            Chaos = [plan],
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig);
        return GuardrailSettings.Parse(json, PriceCatalog.Load(), TimeProvider.System).Chaos;
    }

    private static ChaosFault? Draw(ChaosPlan plan, string id, int call) =>
        ChaosDice.Draw(plan, ChaosDice.KeyOf(id, 1), new ChaosTarget(false, "openai"), call);

    private static ChaosPlan Plan(int seed, params ChaosFault[] faults) => ChaosPlan.Of("outage", seed, faults);

    private static ChaosFault Model(string fault, string upstream, int percent, string? delay = "5s") =>
        new()
        {
            Fault = fault,
            Upstream = upstream,
            Percent = percent,
            Delay = fault == ChaosFaults.Slow ? delay : null,
        };

    private static ChaosFault Tool(string fault, string tool, int percent, string? more = null) =>
        new()
        {
            Fault = fault,
            Tool = tool,
            Percent = percent,
            Delay = fault == ChaosFaults.Slow ? more : null,
            Text = fault == ChaosFaults.Slow ? null : more,
        };
}
