using System.Diagnostics;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>An outage under load from twenty runs, scaled down: with the breaker and the budget, and the storm without.</summary>
public sealed class OutageTests
{
    private const int Runs = 20;
    private const int CallsEach = 5;
    private const int Attempts = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("status")]
    [InlineData("reset")]
    [InlineData("hang")]
    public async Task The_breaker_opens_spares_the_upstream_tries_it_and_closes_again(string outage)
    {
        await using var upstream = await FailingUpstream.StartAsync(
            new ReliabilityPolicy
            {
                RetryBudgetPercent = 20,
                CircuitBreaker = new CircuitPolicy
                {
                    MinimumCalls = 20,
                    OpenFor = "2s",
                    Window = "6s",
                },
            },
            Attempts,
            timeout: outage == "hang" ? "300ms" : "5s"
        );
        Break(upstream, outage);
        var (calls, longest) = await LoadAsync(upstream);

        var sent = upstream.Seen.Count(line => line.Contains("chat", StringComparison.Ordinal));
        calls.ShouldBe(Runs * CallsEach);
        sent.ShouldBeLessThanOrEqualTo(calls * 120 / 100);
        // What was under way when it opened is counted, too: each run has one call in flight.
        sent.ShouldBeLessThanOrEqualTo(20 + Runs + 6);
        longest.ShouldBeLessThan(Patience);
        await upstream.Rig.Log.UntilAsync("state=Open reason=FailuresOverShare", 1);
        (await upstream.MetricsAsync()).ShouldContain("agentreadiness_circuit_state{upstream=\"openai\"} 2");

        upstream.Does = null;
        var waiting = Stopwatch.StartNew();
        while ((await upstream.ChatAsync(upstream.OpenRun())).Status != 200)
        {
            waiting.Elapsed.ShouldBeLessThan(Patience);
            await Task.Delay(20);
        }
        await upstream.Rig.Log.UntilAsync("state=Closed reason=ProbeAnswered", 1);
        upstream.Rig.Log.All.ShouldContain(line => line.Contains("state=HalfOpen reason=OpenTimeOver", StringComparison.Ordinal));
        (await upstream.MetricsAsync()).ShouldContain("agentreadiness_circuit_state{upstream=\"openai\"} 0");
        upstream.Rig.Account.Totals.Reserved.Cost.Amount.ShouldBe(0);
    }

    [Fact]
    public async Task The_budget_alone_bounds_what_is_repeated()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { RetryBudgetPercent = 20 }, Attempts);
        upstream.Answers(503);
        var (calls, _) = await LoadAsync(upstream);
        var sent = upstream.Seen.Count;
        sent.ShouldBeGreaterThanOrEqualTo(calls, "every call is sent once");
        sent.ShouldBeLessThanOrEqualTo(calls + Math.Max(RetryBudget.Floor, calls * 20 / 100));
        (await upstream.MetricsAsync()).ShouldContain("by=\"nobody\"");
    }

    [Fact]
    public async Task Without_them_every_call_is_repeated_to_the_end()
    {
        await using var upstream = await FailingUpstream.StartAsync(null, Attempts);
        upstream.Answers(503);
        var (calls, _) = await LoadAsync(upstream);
        upstream.Seen.Count.ShouldBe(calls * Attempts);
    }

    /// <summary>Twenty runs that call one after the other, whatever they are answered.</summary>
    private static async Task<(int Calls, TimeSpan Longest)> LoadAsync(FailingUpstream upstream)
    {
        var (calls, longest) = (0, 0L);
        await Task.WhenAll(
            Enumerable
                .Range(0, Runs)
                .Select(async _ =>
                {
                    var run = upstream.OpenRun();
                    for (var call = 0; call < CallsEach; call++)
                    {
                        var since = Stopwatch.GetTimestamp();
                        var (status, _) = await upstream.ChatAsync(run, $"call {call}");
                        status.ShouldBeOneOf(502, 503, 504);
                        Interlocked.Increment(ref calls);
                        var took = Stopwatch.GetElapsedTime(since).Ticks;
                        InterlockedMax(ref longest, took);
                    }
                })
        );
        return (calls, TimeSpan.FromTicks(longest));
    }

    private static void InterlockedMax(ref long most, long value)
    {
        var seen = Volatile.Read(ref most);
        while (value > seen && Interlocked.CompareExchange(ref most, value, seen) is var now && now != seen)
            seen = now;
    }

    private static void Break(FailingUpstream upstream, string outage)
    {
        if (outage == "status")
            upstream.Answers(503);
        if (outage == "reset")
            upstream.Does = (http, _) =>
            {
                http.Abort();
                return Task.CompletedTask;
            };
        if (outage == "hang")
            upstream.Does = (http, _) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    }
}
