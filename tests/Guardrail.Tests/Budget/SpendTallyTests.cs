using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace AgentReadiness.Guardrail.Tests;

public sealed class SpendTallyTests
{
    private static readonly TagNames Names = new(["a", "b", "c", "d"]);

    [Fact]
    public void A_batch_stays_as_it_is_until_it_is_acknowledged_and_what_comes_meanwhile_waits()
    {
        var tally = new SpendTally();
        tally.Outgoing(last: false).ShouldBeEmpty();
        tally.Booked(Labels("acme"), new Money(1));
        var first = tally.Outgoing(last: false).ShouldHaveSingleItem();
        tally.Booked(Labels("acme"), new Money(2));
        tally.Outgoing(last: false).ShouldHaveSingleItem().ShouldBeSameAs(first);
        tally.Acknowledge(0);
        tally.Outgoing(last: false).ShouldHaveSingleItem().ShouldBeSameAs(first);
        tally.Acknowledge(1);
        var second = tally.Outgoing(last: false).ShouldHaveSingleItem();
        (second.Number, Cost(second, "a", "acme")).ShouldBe((2L, new Money(2)));
        // An answer that comes late.
        tally.Acknowledge(1);
        tally.Outgoing(last: false).ShouldHaveSingleItem().ShouldBeSameAs(second);
        tally.Acknowledge(2);
        tally.Outgoing(last: false).ShouldBeEmpty();
    }

    [Fact]
    public void The_last_message_carries_what_waits_and_the_rest()
    {
        var tally = new SpendTally();
        tally.Booked(Labels("acme"), new Money(1));
        tally.Outgoing(last: false);
        tally.Booked(Labels("initech"), new Money(2));
        var last = tally.Outgoing(last: true);
        last.Select(batch => batch.Number).ShouldBe([1, 2]);
        tally.Outgoing(last: true).ShouldBe(last);
    }

    [Fact]
    public void The_five_costliest_runs_are_told_the_dearest_first()
    {
        var tally = new SpendTally();
        foreach (var cost in new[] { 3, 9, 1, 7, 5, 8, 2, 9 })
            tally.RunEnded($"run-{cost}", new Money(cost));
        var batch = tally.Outgoing(last: false).ShouldHaveSingleItem();
        batch.Runs.Select(run => run.Cost.Amount).ShouldBe([9, 9, 8, 7, 5]);
        var perRun = CostSketch.TryParse(batch.PerRun)!;
        (perRun.Count, perRun.Max, batch.PerCall).ShouldBe((8L, new Money(9), null));
    }

    [Fact]
    public void Whatever_is_booked_each_dimension_has_all_of_it_and_no_bound_is_broken() =>
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 1000])
            .List[1, 600]
            .Sample(
                bookings =>
                {
                    var tally = new SpendTally();
                    foreach (var (customer, millis) in bookings)
                        tally.Booked(Labels($"c{customer}"), new Money(millis / 1000m));
                    var batch = tally.Outgoing(last: false).ShouldHaveSingleItem();
                    SpendBounds.Problem([batch]).ShouldBeNull();
                    batch.By.Select(dimension => dimension.Name).ShouldBe(["model", "revision", "a", "b", "c", "d"]);
                    foreach (var dimension in batch.By)
                    {
                        Money
                            .Sum(dimension.Values.Select(value => value.Cost))
                            .Amount.ShouldBe(bookings.Sum(booking => booking.Item2) / 1000m);
                        dimension.Values.Sum(value => value.Calls).ShouldBe(bookings.Count);
                    }
                    // Who is named is dearer than each who is not, as long as not more came than are gathered.
                    var sums = bookings
                        .GroupBy(booking => booking.Item1)
                        .Select(group => group.Sum(booking => booking.Item2) / 1000m)
                        .OrderDescending()
                        .ToList();
                    if (sums.Count <= 200)
                        batch
                            .By[2]
                            .Values.Where(value => value.Value != Attribution.Other)
                            .Select(value => value.Cost.Amount)
                            .ShouldBe(sums.Take(20));
                },
                iter: 300
            );

    [Fact]
    public void What_the_operator_would_refuse_is_not_said()
    {
        var tally = new SpendTally();
        tally.Booked(Labels("acme"), new Money(2_000_000_000));
        tally.Outgoing(last: false).ShouldBeEmpty();
        tally.Booked(Labels("acme"), new Money(2));
        tally.Outgoing(last: false).ShouldHaveSingleItem().Number.ShouldBe(2);
    }

    [Fact]
    public void The_largest_message_fits_what_the_operator_reads()
    {
        var tally = new SpendTally();
        for (var batch = 0; batch < 2; batch++)
        {
            for (var i = 0; i < 600; i++)
            {
                // Escaped, a letter that is not ASCII is six bytes.
                var value = new string('é', 60) + i;
                tally.Booked(
                    new SpendLabels(new string('m', 300) + i, "abc", Read(value, value, value, value)),
                    new Money(123456.123456789012m + (decimal)Math.Pow(1.06, i % 250))
                );
                tally.RunEnded(Guid.NewGuid().ToString("n"), new Money(123456.123456789012m + (decimal)Math.Pow(1.06, i % 250)));
            }
            tally.Outgoing(last: batch == 1);
        }
        var request = new GrantRequest
        {
            Holder = new string('h', 64),
            Window = new string('w', 40),
            Spend = tally.Outgoing(last: true),
            Closing = true,
        };
        request.Spend.Count.ShouldBe(2);
        SpendBounds.Problem(request.Spend).ShouldBeNull();
        JsonSerializer
            .SerializeToUtf8Bytes(request, ContractsJson.Default.GrantRequest)
            .Length.ShouldBeLessThan(GrantProtocol.MaxBytes - (16 * 1024));
    }

    [Fact]
    public async Task What_calls_of_the_OpenAI_client_cost_reaches_the_operator_by_customer_and_by_run()
    {
        await using var authority = await FakeOperator.StartAsync(10);
        Money billed;
        string run;
        await using (
            var rig = await Rig.StartAsync(
                config =>
                {
                    config.Attribution = ["customer"];
                    config.ClientAttribution = ["customer"];
                    return config;
                },
                authority.Authority
            )
        )
        {
            await rig.StartAgentAsync("be brief");
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions")
            {
                Content = new StringContent(Rig.Body("hello"), null, "application/json"),
            };
            request.Headers.Add("X-Agent-Tag-Customer", "initech");
            var answer = await rig.Http.SendAsync(request);
            run = answer.EnsureSuccessStatusCode().Headers.GetValues("X-Agent-Run-Id").Single();
            await rig.Log.UntilAsync("run ended", 1);
            // Refused by the provider: it costs nothing, and is no call of anybody.
            (await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("[[status=400]] hello"))).StatusCode.ShouldBe(
                System.Net.HttpStatusCode.BadRequest
            );
            await rig.BookedAsync(2);
            billed = rig.Billed(completed: true);
        }
        var batches = authority.All.SelectMany(message => message.Spend).DistinctBy(batch => batch.Number).ToList();
        var customers = batches
            .SelectMany(batch => batch.By)
            .Where(dimension => dimension.Name == "customer")
            .SelectMany(dimension => dimension.Values)
            .ToList();
        customers.ShouldAllBe(value => value.Value == "initech");
        (Money.Sum(customers.Select(value => value.Cost)), customers.Sum(value => value.Calls)).ShouldBe((billed, 1L));
        billed.ShouldBe(authority.Spent);
        batches
            .SelectMany(batch => batch.By)
            .Where(dimension => dimension.Name == "revision")
            .SelectMany(dimension => dimension.Values)
            .ShouldAllBe(value => value.Value == "abc123");
        var ended = batches.SelectMany(batch => batch.Runs).ShouldHaveSingleItem();
        ended.Id.ShouldBe(run);
        // The agent can have answered before the call that it answers from is booked: then that counts at its upper bound.
        ended.Cost.ShouldBeGreaterThanOrEqualTo(billed);
    }

    private static SpendLabels Labels(string customer) => new("openai/gpt", "abc", Read(customer, "x", "y", "z"));

    private static Tags Read(string a, string b, string c, string d) =>
        Tags.Read(
            Names,
            new HeaderDictionary
            {
                [AgentHeaders.TagPrefix + "a"] = a,
                [AgentHeaders.TagPrefix + "b"] = b,
                [AgentHeaders.TagPrefix + "c"] = c,
                [AgentHeaders.TagPrefix + "d"] = d,
            },
            Tags.Empty
        );

    private static Money Cost(SpendBatch batch, string dimension, string value) =>
        batch.By.Single(one => one.Name == dimension).Values.Single(one => one.Value == value).Cost;
}
