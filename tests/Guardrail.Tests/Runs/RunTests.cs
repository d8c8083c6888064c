using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Tests;

public sealed class RunTests
{
    [Fact]
    public void Calls_side_by_side_cannot_pass_a_limit_together()
    {
        var policy = new RunPolicy(new RunLimits { MaxCost = "1", MaxTokens = 100 }, observe: false);
        using var run = new Run("r", null, TimeProvider.System);
        var share = new RunShare(Money.Parse("0.6"), 30);
        run.TryStep(policy, share, 1).ShouldBeNull();
        run.TryStep(policy, share, 2).ShouldBe("maxCost");
        run.TryRetry(policy, share).ShouldBe("maxCost");
        run.TryStep(policy, new RunShare(Money.Zero, 71), 3).ShouldBe("maxTokens");
        run.Settle(share, Money.Parse("0.1"), 5);
        run.TryStep(policy, share, 4).ShouldBeNull();
        run.Cost.ShouldBe(Money.Parse("0.7"));
    }

    [Fact]
    public void What_a_run_cost_is_told_when_its_last_call_is_booked()
    {
        var policy = new RunPolicy(new RunLimits(), observe: false);
        using var run = new Run("r", null, TimeProvider.System);
        var share = new RunShare(Money.Parse("0.6"), 30);
        var told = new List<Money>();
        run.WhenBooked(() => told.Add(run.Cost));
        told.ShouldBe([Money.Zero]);

        run.TryStep(policy, share, 1).ShouldBeNull();
        run.TryRetry(policy, share).ShouldBeNull();
        run.TryStep(policy, share, 2).ShouldBeNull();
        run.WhenBooked(() => told.Add(run.Cost));
        run.Settle(share, Money.Parse("0.1"), 5);
        run.Settle(share, Money.Parse("0.2"), 5);
        told.Count.ShouldBe(1);
        run.ReleaseStep(share, 2);
        told.ShouldBe([Money.Zero, Money.Parse("0.3")]);
        run.TryStep(policy, share, 3).ShouldBeNull();
        run.Settle(share, Money.Parse("0.1"), 5);
        told.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("?alt=sse&key=agents", true, "?alt=sse")]
    [InlineData("?KEY=agents", true, "")]
    [InlineData("?key=agents", false, "?key=agents")]
    [InlineData("?api-version=1", true, "?api-version=1")]
    public void With_a_key_of_ours_none_of_the_agents_goes_out_in_the_query(string query, bool ours, string expected) =>
        QueryStrings.WithoutKey(query, ours).ShouldBe(expected);
}
