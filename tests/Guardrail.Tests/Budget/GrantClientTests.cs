using System.Collections.Concurrent;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Budget;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

public sealed class GrantClientTests : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Script script = new();
    private readonly OverrunList overruns = new();
    private readonly GrantClient client;
    private readonly Task running;

    public GrantClientTests()
    {
        client = new GrantClient(new GrantAccount("first"), script, overruns, TimeProvider.System, NullLogger<GrantClient>.Instance);
        running = client.RunAsync(stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    [Fact]
    public async Task The_first_request_wants_exactly_what_the_call_needs()
    {
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero);
        (await AcquireAsync(0.25m)).Reservation.ShouldNotBeNull();
        script.Requests.First().WantTotal.ShouldBe(new Money(0.25m));
        script.Requests.First().Call.ShouldBe(new Money(0.25m));
    }

    [Fact]
    public async Task Waiting_calls_share_one_request_at_a_time()
    {
        script.Answer = r => Script.Grant(new Money(100));
        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AcquireAsync(1)));
        all.ShouldAllBe(r => r.Reservation != null);
        script.MostAtOnce.ShouldBe(1);
        script.Requests.Count.ShouldBeLessThan(5);
    }

    [Fact]
    public async Task One_message_asks_for_all_that_wait()
    {
        var hold = new TaskCompletionSource();
        script.Answer = r =>
        {
            hold.Task.Wait();
            return Script.Grant((r.WantTotal ?? Amount.Zero) + (r.Also ?? Amount.Zero));
        };
        var first = AcquireAsync(1);
        await script.UntilAsync(r => r.WantTotal == new Money(1));
        var others = Enumerable.Range(0, 49).Select(_ => AcquireAsync(1)).ToList();
        hold.SetResult();
        (await Task.WhenAll([first, .. others])).ShouldAllBe(r => r.Reservation != null);
        script
            .Requests.Where(r => r.Call is not null)
            .Select(r => (r.WantTotal, r.Also))
            .ShouldBe([(new Money(1), null), (new Money(2), new Money(48))]);
    }

    [Fact]
    public async Task A_call_that_changes_nothing_about_when_to_report_does_not_wake_the_loop()
    {
        script.Answer = _ => Script.Grant(new Money(1000));
        var clock = new TickingClock();
        var busy = new GrantClient(new GrantAccount("busy"), script, overruns, clock, NullLogger<GrantClient>.Instance);
        using var end = new CancellationTokenSource();
        var loop = busy.RunAsync(end.Token);
        for (var i = 0; i < 200; i++)
        {
            busy.Settle((await busy.AcquireAsync(new Money(1), CancellationToken.None)).Reservation!, new Money(1));
            await Task.Yield();
        }
        // A wait for each round of the loop: the first, the grant, the first news.
        clock.Timers.ShouldBeLessThan(10);
        await end.CancelAsync();
        await loop;
    }

    [Fact]
    public async Task Held_money_is_waited_for_and_own_free_money_given_back()
    {
        Amount granted = new Money(1);
        script.Answer = r =>
            r.WantTotal is { } want && !want.FitsIn(granted) && script.Requests.Count > 1
                ? Script.Of(GrantOutcome.Held, granted)
                : Script.Grant(granted);
        (await AcquireAsync(0.4m)).Reservation.ShouldNotBeNull();
        script.MaxWait = TimeSpan.FromSeconds(2);
        var result = await AcquireAsync(5);
        result.Refusal.ShouldBe(GrantRefusal.Contended);
        script.Requests.ShouldContain(r => r.Returned == new Money(0.6m));
        client.Account.Totals.Free.ShouldBe(Amount.Zero);
    }

    [Fact]
    public async Task Exhausted_refuses_at_once_and_only_those_that_need_as_much()
    {
        script.Answer = r =>
            r.Call!.Value.Cost > new Money(1) ? Script.Of(GrantOutcome.Exhausted, Money.Zero) : Script.Grant(r.WantTotal ?? Amount.Zero);
        var big = AcquireAsync(2);
        var small = AcquireAsync(1);
        (await big).Refusal.ShouldBe(GrantRefusal.Exhausted);
        (await small).Reservation.ShouldNotBeNull();
    }

    [Fact]
    public async Task Without_an_answer_a_call_is_refused_after_its_wait_but_held_money_is_used()
    {
        script.Answer = r => script.Requests.Count == 1 ? Script.Grant(new Money(1)) : throw new HttpRequestException("refused");
        (await AcquireAsync(0.5m)).Reservation.ShouldNotBeNull();
        script.MaxWait = TimeSpan.FromMilliseconds(600);
        (await AcquireAsync(3)).Refusal.ShouldBe(GrantRefusal.Unreachable);
        script.MaxWait = TimeSpan.FromSeconds(30);
        (await AcquireAsync(0.5m)).Reservation.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_failover_of_the_operator_is_waited_out()
    {
        script.MaxWait = TimeSpan.FromMilliseconds(1);
        script.FailoverWait = TimeSpan.FromSeconds(30);
        script.Answer = r =>
            script.Requests.Count < 4 ? throw new HttpRequestException("refused") : Script.Grant(r.WantTotal ?? Amount.Zero);
        (await AcquireAsync(1)).Reservation.ShouldNotBeNull();
        script.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task An_outage_is_waited_for_once_and_told_at_once_after_that()
    {
        var time = new FakeTimeProvider();
        var authority = new Script
        {
            MaxWait = TimeSpan.FromSeconds(2),
            FailoverWait = TimeSpan.FromSeconds(25),
            Answer = _ => throw new HttpRequestException("refused"),
        };
        using var end = new CancellationTokenSource();
        var log = new Lines();
        using var logging = new LoggerFactory([log]);
        var outage = new GrantClient(new GrantAccount("outage"), authority, new OverrunList(), time, logging.CreateLogger<GrantClient>());
        var loop = outage.RunAsync(end.Token);
        await WaitsAsync(2, 22.9, 0.1);
        await WaitsAsync(1.9, 0.1);
        await end.CancelAsync();
        await loop;

        // Refused after the last step of the clock, and not before it.
        async Task WaitsAsync(params double[] steps)
        {
            var call = outage.AcquireAsync(new Money(1), CancellationToken.None).AsTask();
            // Not when it was asked, but when its silence was taken in.
            await log.UntilAsync("the grant endpoint does not answer", 1);
            foreach (var step in steps)
            {
                call.IsCompleted.ShouldBeFalse();
                time.Advance(TimeSpan.FromSeconds(step));
                await Task.Yield();
            }
            (await call.WaitAsync(TimeSpan.FromSeconds(30))).Refusal.ShouldBe(GrantRefusal.Unreachable);
        }
    }

    [Fact]
    public async Task A_new_window_starts_new_totals_and_closes_the_old_ones()
    {
        script.Answer = r =>
            r.Window switch
            {
                null => Script.Grant(r.WantTotal ?? Amount.Zero),
                "w1" => Script.Of(GrantOutcome.WindowOver, Money.Zero, "w2"),
                _ => Script.Grant(r.WantTotal ?? Amount.Zero, "w2"),
            };
        var first = await AcquireAsync(1);
        client.Settle(first.Reservation!, new Money(0.5m));
        (await AcquireAsync(2)).Reservation.ShouldNotBeNull();
        client.Account.Totals.Window.ShouldBe("w2");
        client.Account.Totals.Granted.ShouldBe(new Money(2));
        await script.UntilAsync(r => r is { Closing: true, Window: "w1" } && r.Settled == new Money(0.5m));
    }

    [Fact]
    public async Task A_closed_holder_starts_again_under_another_id()
    {
        script.Answer = r =>
            r.Holder == "first" ? Script.Of(GrantOutcome.HolderClosed, Money.Zero) : Script.Grant(r.WantTotal ?? Amount.Zero);
        (await AcquireAsync(1)).Reservation.ShouldNotBeNull();
        client.Account.Holder.ShouldNotBe("first");
    }

    [Fact]
    public async Task Unlimited_refuses_nothing_and_counts()
    {
        script.Answer = r => Script.Of(GrantOutcome.Unlimited, Money.Zero);
        var result = await AcquireAsync(1000);
        client.Settle(result.Reservation!, new Money(7));
        client.Account.Totals.Settled.ShouldBe(new Money(7));
        await script.UntilAsync(r => r.Settled == new Money(7));
    }

    [Fact]
    public async Task A_reclaim_gives_back_what_no_call_holds()
    {
        script.Answer = r => Script.Grant(new Money(10), reclaim: script.Requests.Count > 1);
        var result = await AcquireAsync(1);
        client.Settle(result.Reservation!, new Money(1));
        await script.UntilAsync(r => r.Returned == new Money(9));
    }

    [Fact]
    public async Task Closing_reports_the_last_totals_and_calls_in_flight_as_unproven()
    {
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero);
        client.Settle((await AcquireAsync(1)).Reservation!, new Money(1));
        (await AcquireAsync(2)).Reservation.ShouldNotBeNull();
        await stop.CancelAsync();
        await running;
        (await client.CloseAsync(TimeSpan.FromSeconds(5))).ShouldBeTrue();
        var last = script.Requests.Last();
        (last.Closing, last.Settled, last.Unproven).ShouldBe((true, new Money(1), new Money(2)));
        (await AcquireAsync(0.1m)).Refusal.ShouldBe(GrantRefusal.Stopping);
    }

    [Fact]
    public async Task A_failure_in_the_moment_of_stopping_does_not_keep_the_closing_report_back()
    {
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero);
        client.Settle((await AcquireAsync(1)).Reservation!, new Money(1));
        script.Answer = r =>
        {
            stop.Cancel();
            throw new HttpRequestException("the connection broke while the process was told to end");
        };
        var waiting = AcquireAsync(2);
        await running;
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero);
        (await client.CloseAsync(TimeSpan.FromSeconds(5))).ShouldBeTrue();
        (await waiting).Refusal.ShouldBe(GrantRefusal.Stopping);
        var last = script.Requests.Last();
        (last.Closing, last.Settled).ShouldBe((true, new Money(1)));
    }

    [Fact]
    public async Task An_overrun_is_reported_until_the_operator_refuses_its_rule_no_longer()
    {
        IReadOnlyList<RefusedRule> refused =
        [
            new RefusedRule { Rule = "r1", Why = "why" },
            new RefusedRule { Rule = "r2", Why = "another pod saw it" },
        ];
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero, refused: refused);
        client.Settle((await AcquireAsync(1)).Reservation!, new Money(1));
        overruns.Why("r1").ShouldBe("why");
        overruns.Why("r2").ShouldBe("another pod saw it");
        overruns.Add(
            new OverrunReport
            {
                Rule = "r1",
                Model = "m",
                Why = "it wrote on",
                At = DateTimeOffset.UnixEpoch,
            }
        );

        await AcquireAsync(1);
        script.Requests.Last().Overruns.ShouldHaveSingleItem().Rule.ShouldBe("r1");
        overruns.Own.ShouldNotBeEmpty();
        overruns.Why("r1").ShouldNotBeNull();

        refused = [];
        await AcquireAsync(1);
        overruns.Own.ShouldBeEmpty();
        (overruns.Why("r1"), overruns.Why("r2")).ShouldBe((null, null));
    }

    [Fact]
    public async Task An_observed_budget_lets_calls_go_at_once_whatever_the_operator_says_and_reports_them_when_it_answers()
    {
        script.Observes = true;
        script.Answer = _ => throw new HttpRequestException("nobody is there");
        script.MaxWait = Timeout.InfiniteTimeSpan;
        var first = await AcquireAsync(5);
        client.Settle(first.Reservation!, new Money(4));
        (first.Refusal, client.Account.Totals.Settled).ShouldBe((GrantRefusal.None, new Money(4)));

        script.Answer = r => Script.Of(GrantOutcome.Exhausted, Money.Zero);
        await script.UntilAsync(r => r.Settled == new Money(4) && r.WantTotal == new Money(4));
        script.Answer = r => Script.Grant(r.WantTotal ?? Amount.Zero);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (client.Account.Totals.Granted != new Money(4))
            await Task.Delay(5, patience.Token);
    }

    [Fact]
    public async Task An_operator_that_refuses_is_asked_ever_more_seldom_and_at_least_every_two_seconds()
    {
        var clock = new HastyClock();
        script.Answer = _ =>
            script.Requests.Count <= 12 ? throw new HttpRequestException("403") : Script.Of(GrantOutcome.HolderClosed, Money.Zero);
        var account = new GrantAccount("refused");
        account.Apply(account.Want(new Money(1)), Script.Grant(new Money(1)), clock.GetUtcNow());
        var refused = new GrantClient(account, script, overruns, clock, NullLogger<GrantClient>.Instance);
        (await refused.CloseAsync(TimeSpan.FromMinutes(10))).ShouldBeTrue();
        script.Requests.Count.ShouldBe(13);
        var pauses = clock.Pauses.Select(pause => pause.TotalSeconds).ToList();
        pauses.Count.ShouldBe(12);
        pauses[0].ShouldBeInRange(0.1, 0.3);
        pauses.Skip(3).ShouldAllBe(pause => pause >= 0.8 && pause <= 2);
    }

    private Task<GrantResult> AcquireAsync(decimal usd) => client.AcquireAsync(new Money(usd), CancellationToken.None).AsTask();

    // Time passes a little with each look at it, as it really does; no timer fires.
    private sealed class TickingClock : TimeProvider
    {
        private long ticks = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero).Ticks;
        private int timers;

        public int Timers => Volatile.Read(ref timers);

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Increment(ref ticks), TimeSpan.Zero);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref timers);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    // Short waits are over at once and are noted; long ones never end.
    private sealed class HastyClock : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Pauses { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime < TimeSpan.Zero || dueTime > TimeSpan.FromMinutes(1))
                return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Pauses.Enqueue(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Script : IGrantAuthority
    {
        private int atOnce;
        private TaskCompletionSource changed = new();

        public Func<GrantRequest, GrantResponse> Answer { get; set; } = _ => throw new InvalidOperationException();

        public ConcurrentQueue<GrantRequest> Requests { get; } = new();

        public int MostAtOnce { get; private set; }

        public bool Configured => true;

        public bool Observes { get; set; }

        /// <summary>Long where nobody is to wait in vain: a machine that stalls must not refuse a call.</summary>
        public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(30);

        public TimeSpan FailoverWait { get; set; }

        public static GrantResponse Grant(
            Amount granted,
            string window = "w1",
            bool reclaim = false,
            IReadOnlyList<RefusedRule>? refused = null
        ) => Of(GrantOutcome.Granted, granted, window, reclaim, refused);

        public static GrantResponse Of(
            GrantOutcome outcome,
            Amount granted,
            string window = "w1",
            bool reclaim = false,
            IReadOnlyList<RefusedRule>? refused = null
        ) =>
            new()
            {
                Outcome = outcome,
                Granted = granted,
                Window = window,
                WindowEnds = TimeProvider.System.GetUtcNow().AddHours(1),
                Reclaim = reclaim,
                Refused = refused ?? [],
            };

        public async Task<GrantResponse> SendAsync(GrantRequest request, CancellationToken cancellationToken)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref atOnce));
            Requests.Enqueue(request);
            Interlocked.Exchange(ref changed, new()).TrySetResult();
            await Task.Yield();
            try
            {
                return Answer(request);
            }
            finally
            {
                Interlocked.Decrement(ref atOnce);
            }
        }

        public async Task UntilAsync(Func<GrantRequest, bool> condition)
        {
            while (true)
            {
                var next = Volatile.Read(ref changed).Task;
                if (Requests.Any(condition))
                    return;
                await next.WaitAsync(TimeSpan.FromSeconds(5));
            }
        }
    }
}
