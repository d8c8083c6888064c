using System.Diagnostics;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Upstreams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Circuit breaker, concurrency and retry budget on calls through the whole guardrail.</summary>
public sealed class UpstreamClaimTests
{
    private static ReliabilityPolicy Breaker(bool observe = false, string openFor = "1h") =>
        new()
        {
            Observe = observe,
            CircuitBreaker = new CircuitPolicy { MinimumCalls = 3, OpenFor = openFor },
        };

    [Theory]
    [InlineData(500, true)]
    [InlineData(501, true)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(504, true)]
    [InlineData(529, true)]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(408, false)]
    [InlineData(409, false)]
    [InlineData(429, false)]
    [InlineData(304, false)]
    public async Task What_is_a_failure_is_a_closed_list(int status, bool fails)
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        upstream.Answers(status);
        for (var call = 0; call < 4; call++)
            await upstream.SendAsync("POST", "/tool/x", "{}");
        var (answered, body) = await upstream.SendAsync("POST", "/tool/x", "{}");
        answered.ShouldBe(fails ? 503 : status);
        upstream.Seen.Count.ShouldBe(fails ? 3 : 5);
        body.Contains("circuit_open", StringComparison.Ordinal).ShouldBe(fails);
    }

    [Fact]
    public async Task An_open_breaker_answers_in_the_providers_shape_and_takes_nothing()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        upstream.Answers(500);
        for (var call = 0; call < 3; call++)
            (await upstream.ChatAsync()).Status.ShouldBe(500);
        var before = upstream.Rig.Account.Totals;
        var (status, body) = await upstream.ChatAsync();
        status.ShouldBe(503);
        body.ShouldContain("\"error\":{");
        body.ShouldContain("\"code\":\"circuit_open\"");
        body.ShouldContain("spec.reliability.circuitBreaker");
        body.ShouldContain("Retry-After=3600");
        upstream.Seen.Count.ShouldBe(3);
        upstream.Rig.Account.Totals.ShouldBe(before);
        upstream.Rig.Log.All.ShouldContain(line => line.Contains("check=circuit", StringComparison.Ordinal));
        (await upstream.SendAsync("POST", "/tool/x", "{}")).Status.ShouldBe(500, "another upstream has a breaker of its own");
        (await upstream.MetricsAsync()).ShouldContain(
            "agentreadiness_circuit_changes_total{upstream=\"openai\",state=\"Open\",reason=\"FailuresOverShare\"} 1"
        );
    }

    [Fact]
    public async Task An_agent_that_hangs_up_and_our_own_refusals_are_no_failures()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        var reached = new SemaphoreSlim(0);
        upstream.Does = async (http, _) =>
        {
            reached.Release();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        for (var call = 0; call < 4; call++)
        {
            using var hangUp = new CancellationTokenSource();
            var going = upstream.Rig.PostAsync("/tool/x", "{}", hangUp.Token);
            await reached.WaitAsync();
            await hangUp.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => going);
        }
        for (var call = 0; call < 4; call++)
            (await upstream.SendAsync("QUERY", "/tool/x", "{}")).Status.ShouldBe(405);
        upstream.Does = null;
        (await upstream.SendAsync("POST", "/tool/x", "{}")).Status.ShouldBe(200);
        State(upstream, "tool").Circuit.State.ShouldBe(CircuitState.Closed);
    }

    [Fact]
    public async Task Its_state_outlives_a_reload_of_the_configuration()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        upstream.Answers(500);
        for (var call = 0; call < 3; call++)
            await upstream.ChatAsync();
        var other = Breaker(openFor: "2h");
        await upstream.ReloadAsync(other);
        var (status, body) = await upstream.ChatAsync();
        status.ShouldBe(503);
        body.ShouldContain("Retry-After=7200", customMessage: "the new time counts from when it opened");
        upstream.Seen.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Where_it_only_observes_everything_passes_and_is_counted()
    {
        await using var upstream = await FailingUpstream.StartAsync(
            new ReliabilityPolicy
            {
                Observe = true,
                RetryBudgetPercent = 0,
                CircuitBreaker = new CircuitPolicy { MinimumCalls = 3, OpenFor = "1h" },
            },
            attempts: 2
        );
        upstream.Answers(500);
        for (var call = 0; call < 4; call++)
            (await upstream.ChatAsync(upstream.OpenRun())).Status.ShouldBe(500);
        upstream.Seen.Count.ShouldBe(8);
        var metrics = await upstream.MetricsAsync();
        metrics.ShouldContain("agentreadiness_calls_would_refuse_total{upstream=\"openai\",limit=\"circuitBreaker\"} 5");
        metrics.ShouldContain("agentreadiness_calls_would_refuse_total{upstream=\"openai\",limit=\"retryBudgetPercent\"} 4");
    }

    [Fact]
    public async Task Calls_wait_their_turn_and_where_there_is_no_room_they_are_refused_at_once()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { MaxConcurrentCalls = 1 }, attempts: 1);
        var (reached, go) = (new SemaphoreSlim(0), new SemaphoreSlim(0));
        var (most, now) = (0, 0);
        upstream.Does = async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            reached.Release();
            await go.WaitAsync();
            Interlocked.Decrement(ref now);
        };
        var first = upstream.SendAsync("POST", "/tool/x", "1");
        await reached.WaitAsync();
        var second = upstream.SendAsync("POST", "/tool/x", "2");
        await Soon.Until(() => State(upstream, "tool").Slots.Counts.Waiting == 1, "the places to be as they are to be");
        var (status, body) = await upstream.SendAsync("POST", "/tool/x", "3");
        status.ShouldBe(503);
        body.ShouldContain("concurrency_limit");
        body.ShouldContain("Retry-After=1");
        (await upstream.MetricsAsync()).ShouldContain("agentreadiness_upstream_calls{upstream=\"tool\",state=\"waiting\"} 1");
        go.Release(2);
        (await first).Status.ShouldBe(200);
        (await second).Status.ShouldBe(200);
        most.ShouldBe(1);
        upstream.Seen.Count.ShouldBe(2);
        await Soon.Until(() => State(upstream, "tool").Slots.Counts == (0, 0), "the places to be as they are to be");
    }

    [Fact]
    public async Task Who_hangs_up_in_the_queue_leaves_it_and_who_waits_too_long_is_refused()
    {
        await using var upstream = await FailingUpstream.StartAsync(
            new ReliabilityPolicy { MaxConcurrentCalls = 1 },
            attempts: 1,
            timeout: "2s"
        );
        var reached = new SemaphoreSlim(0);
        using var hangUp = new CancellationTokenSource();
        upstream.Does = async (http, _) =>
        {
            reached.Release();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        var first = upstream.SendAsync("POST", "/tool/x", "1");
        await reached.WaitAsync();
        var gone = upstream.Rig.PostAsync("/tool/x", "2", hangUp.Token);
        await Soon.Until(() => State(upstream, "tool").Slots.Counts.Waiting == 1, "the places to be as they are to be");
        await hangUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gone);
        await Soon.Until(() => State(upstream, "tool").Slots.Counts == (1, 0), "the places to be as they are to be");
        (await upstream.SendAsync("POST", "/tool/x", "3")).Body.ShouldContain("concurrency_limit");
        (await first).Status.ShouldBe(504);
        upstream.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public void The_time_in_the_queue_counts_in_the_timeout()
    {
        var time = new FakeTimeProvider();
        var times = new CallTimes(new CallPolicy { Timeout = "10s" }, "toolCall");
        using var deadline = new AttemptDeadline(times, new DeadlineRules(), time, default, default, TimeSpan.FromSeconds(4));
        time.Advance(TimeSpan.FromSeconds(5));
        deadline.Progress(streamed: false);
        deadline.Token.IsCancellationRequested.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(1));
        deadline.Token.IsCancellationRequested.ShouldBeTrue();
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("queue")]
    public async Task A_run_that_is_over_waits_for_no_tool_and_no_place(string why)
    {
        await using var upstream = await FailingUpstream.StartAsync(
            new ReliabilityPolicy { MaxConcurrentCalls = 1 },
            attempts: 1,
            timeout: "15s",
            limits: new RunLimits { MaxDuration = "1s" }
        );
        upstream.Does = (http, _) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        using var hangUp = new CancellationTokenSource();
        var other = why == "queue" ? upstream.Rig.PostAsync("/tool/x", "{}", hangUp.Token) : null;
        await Soon.Until(() => why == "hang" || State(upstream, "tool").Slots.Counts.Held == 1, "the places to be as they are to be");
        var run = upstream.OpenRun();
        var since = Stopwatch.StartNew();
        var (status, body) = await upstream.SendAsync("POST", "/tool/x", "{}", run);
        since.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(6), "neither the timeout nor the longest wait ended it");
        (status, body.Contains("run_limit_exceeded", StringComparison.Ordinal)).ShouldBe((402, true), body);
        await hangUp.CancelAsync();
        if (other is not null)
            await Should.ThrowAsync<OperationCanceledException>(() => other);
    }

    [Fact]
    public async Task An_SDKs_retry_is_known_and_refused_where_the_budget_is_used_up()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { RetryBudgetPercent = 20 }, attempts: 1);
        upstream.Answers(503);
        var run = upstream.OpenRun();
        for (var sent = 0; sent < 1 + RetryBudget.Floor; sent++)
            (await upstream.ChatAsync(run)).Body.ShouldNotContain("retry_budget_exhausted");
        var (status, body) = await upstream.ChatAsync(run);
        status.ShouldBe(503);
        body.ShouldContain("retry_budget_exhausted");
        body.ShouldContain("x-should-retry=false");
        (await upstream.ChatAsync(run, "another question")).Body.ShouldNotContain("retry_budget_exhausted");
        (await upstream.ChatAsync(upstream.OpenRun())).Body.ShouldNotContain("retry_budget_exhausted", customMessage: "another run");
        (await upstream.ChatAsync(upstream.OpenRun(), "hello", ("x-stainless-retry-count", "1"))).Body.ShouldContain(
            "retry_budget_exhausted",
            customMessage: "it says itself that it is one"
        );
        (await upstream.MetricsAsync()).ShouldContain(
            "agentreadiness_call_repeats_total{kind=\"model\",upstream=\"openai\",by=\"agent\"} 3"
        );
    }

    [Fact]
    public async Task The_same_call_after_a_good_answer_is_no_retry()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { RetryBudgetPercent = 0 }, attempts: 1);
        var run = upstream.OpenRun();
        for (var sent = 0; sent < 5; sent++)
            (await upstream.ChatAsync(run)).Status.ShouldBe(200);
        upstream.Answers(503);
        await upstream.ChatAsync(run);
        upstream.Does = null;
        (await upstream.ChatAsync(run)).Body.ShouldContain("retry_budget_exhausted");
    }

    [Fact]
    public async Task Where_the_budget_is_used_up_the_answer_tells_the_sdk_to_stop()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { RetryBudgetPercent = 0 }, attempts: 3);
        upstream.Answers(503);
        (await upstream.ChatAsync(upstream.OpenRun())).Body.ShouldContain("x-should-retry=false");
        upstream.Seen.Count.ShouldBe(1);
        upstream.Rig.Log.All.ShouldContain(line => line.Contains("reason=RetryBudgetUsedUp", StringComparison.Ordinal));
    }

    private static UpstreamState State(FailingUpstream upstream, string name) =>
        upstream.Rig.Guardrail.Services.GetRequiredService<UpstreamStates>().Of(name);
}
