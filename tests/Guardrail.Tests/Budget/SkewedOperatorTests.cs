using System.ClientModel;
using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A guardrail before an operator of another version.</summary>
public sealed class SkewedOperatorTests
{
    [Fact]
    public async Task A_newer_operators_fields_are_passed_over()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        authority.Says = answer =>
        {
            answer["newNumber"] = 1;
            answer["newObject"] = new JsonObject { ["outcome"] = "Unlimited", ["granted"] = "1000" };
            answer["newList"] = new JsonArray("x", null, new JsonObject());
        };
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        await rig.Client().CompleteChatAsync("hello [[tokens=20]]");
        await rig.CallsAsync(1);
        rig.Account.Unlimited.ShouldBeFalse();
        rig.Account.Totals.Granted.Cost.Amount.ShouldBeLessThanOrEqualTo(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Fact]
    public async Task An_older_operator_that_says_only_what_is_needed_is_enough()
    {
        string[] needed = ["outcome", "window", "windowEnds", "granted"];
        await using var authority = await FakeOperator.StartAsync(1);
        authority.Says = answer =>
        {
            foreach (var field in answer.Select(field => field.Key).Except(needed).ToList())
                answer.Remove(field);
        };
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        await rig.Client().CompleteChatAsync("hello [[tokens=20]]");
        await rig.CallsAsync(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Theory]
    [InlineData("\"GrantedInPart\"")]
    [InlineData("\"granted\"")]
    [InlineData("0")]
    [InlineData("5")]
    [InlineData("null")]
    public async Task An_outcome_that_it_does_not_know_is_no_money(string outcome)
    {
        await using var authority = await FakeOperator.StartAsync(1);
        authority.Authority.FailoverWait = "1s";
        authority.Says = answer => (answer["outcome"], answer["granted"]) = (JsonNode.Parse(outcome), "1000");
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe(402);
        error.Message.ShouldContain("budget_authority_unreachable");
        authority.Requests.ShouldBeGreaterThan(0);
        (rig.Witness.Total(completed: true).Calls, rig.Witness.Total(completed: false).Calls).ShouldBe((0, 0));
        (rig.Account.Totals.Granted, rig.Account.Unlimited).ShouldBe((Amount.Zero, false));
    }
}
