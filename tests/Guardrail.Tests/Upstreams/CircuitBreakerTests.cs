using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The states of the circuit breaker, by examples and beside a simple model of it.</summary>
public sealed class CircuitBreakerTests
{
    private static readonly CircuitTerms Terms = new(
        new CircuitPolicy
        {
            FailurePercent = 50,
            MinimumCalls = 4,
            OpenFor = "30s",
            Window = "10s",
            SlowCallAfter = "2s",
            SlowCallPercent = 75,
        }
    );

    [Fact]
    public void It_opens_at_the_share_and_not_below_the_least_calls()
    {
        var breaker = new CircuitBreaker();
        for (var call = 0; call < 3; call++)
            Call(breaker, UpstreamVerdict.Failed, At(0)).ShouldBeNull();
        Call(breaker, UpstreamVerdict.Answered, At(0))!.Reason.ShouldBe(CircuitReason.FailuresOverShare);
        breaker.State.ShouldBe(CircuitState.Open);
        breaker.Enter(Terms, At(29)).ShouldBe(new CircuitEntry(null, TimeSpan.FromSeconds(1), null));
    }

    [Fact]
    public void Failures_that_left_the_window_do_not_count()
    {
        var breaker = new CircuitBreaker();
        for (var call = 0; call < 3; call++)
            Call(breaker, UpstreamVerdict.Failed, At(0));
        Call(breaker, UpstreamVerdict.Failed, At(10)).ShouldBeNull();
        breaker.State.ShouldBe(CircuitState.Closed);
    }

    [Fact]
    public void Slow_calls_open_it_where_they_are_declared()
    {
        var breaker = new CircuitBreaker();
        for (var call = 0; call < 3; call++)
            Call(breaker, UpstreamVerdict.Answered, At(0), seconds: 2);
        Call(breaker, UpstreamVerdict.Answered, At(0))!.Reason.ShouldBe(CircuitReason.SlowCallsOverShare);

        var patient = new CircuitTerms(new CircuitPolicy { MinimumCalls = 1 });
        var other = new CircuitBreaker();
        other
            .Leave(other.Enter(patient, At(0)).Ticket!.Value, UpstreamVerdict.Answered, TimeSpan.FromHours(1), patient, At(0))
            .ShouldBeNull();
    }

    [Theory]
    [InlineData((int)UpstreamVerdict.Answered, 0, (int)CircuitState.Closed, (int)CircuitReason.ProbeAnswered)]
    [InlineData((int)UpstreamVerdict.Failed, 0, (int)CircuitState.Open, (int)CircuitReason.ProbeFailed)]
    [InlineData((int)UpstreamVerdict.Answered, 2, (int)CircuitState.Open, (int)CircuitReason.ProbeSlow)]
    public void One_call_tries_the_upstream_and_decides(int verdict, int seconds, int state, int reason)
    {
        var breaker = Opened();
        var probe = breaker.Enter(Terms, At(30));
        (probe.Ticket!.Value.IsProbe, probe.Change!.Reason).ShouldBe((true, CircuitReason.OpenTimeOver));
        breaker.Enter(Terms, At(30)).Ticket.ShouldBeNull("a second call must not try it");
        breaker
            .Leave(probe.Ticket.Value, (UpstreamVerdict)verdict, TimeSpan.FromSeconds(seconds), Terms, At(31))!
            .Reason.ShouldBe((CircuitReason)reason);
        breaker.State.ShouldBe((CircuitState)state);
        (breaker.Enter(Terms, At(60)).Ticket is null).ShouldBe(state == (int)CircuitState.Open, "it is open for the whole time again");
    }

    [Fact]
    public void A_call_that_says_nothing_leaves_the_try_to_the_next_one()
    {
        var breaker = Opened();
        var probe = breaker.Enter(Terms, At(30)).Ticket!.Value;
        breaker.Leave(probe, UpstreamVerdict.None, default, Terms, At(31)).ShouldBeNull();
        breaker.State.ShouldBe(CircuitState.HalfOpen);
        breaker.Enter(Terms, At(31)).Ticket!.Value.IsProbe.ShouldBeTrue();
    }

    [Fact]
    public void A_try_that_was_answered_closes_it_while_its_answer_goes_on_and_counts_once_where_that_breaks_off()
    {
        var breaker = Opened();
        var probe = breaker.Enter(Terms, At(30)).Ticket!.Value;
        var (going, closed) = breaker.Answered(probe, default, Terms, At(31));
        closed!.Reason.ShouldBe(CircuitReason.ProbeAnswered);
        breaker.Enter(Terms, At(31)).Ticket.ShouldNotBeNull();
        for (var call = 0; call < 2; call++)
            Call(breaker, UpstreamVerdict.Failed, At(32)).ShouldBeNull();
        breaker.Leave(going, UpstreamVerdict.Answered, default, Terms, At(33)).ShouldBeNull("it is counted already");
        breaker.State.ShouldBe(CircuitState.Closed);
        breaker.Leave(going, UpstreamVerdict.Failed, default, Terms, At(33)).ShouldBeNull("three calls, one of them counted anew");
        Call(breaker, UpstreamVerdict.Answered, At(33))!
            .ShouldSatisfyAllConditions(change => change.Calls.ShouldBe(4), change => change.Failed.ShouldBe(3));
    }

    [Fact]
    public void A_slow_try_opens_it_with_the_first_byte()
    {
        var breaker = Opened();
        var probe = breaker.Enter(Terms, At(30)).Ticket!.Value;
        breaker.Answered(probe, TimeSpan.FromSeconds(2), Terms, At(32)).Change!.Reason.ShouldBe(CircuitReason.ProbeSlow);
        breaker.State.ShouldBe(CircuitState.Open);
    }

    [Fact]
    public void A_try_without_an_answer_is_not_waited_for_for_ever()
    {
        var breaker = Opened();
        var lost = breaker.Enter(Terms, At(30)).Ticket!.Value;
        breaker.Enter(Terms, At(59)).Ticket.ShouldBeNull();
        var next = breaker.Enter(Terms, At(60)).Ticket!.Value;
        next.IsProbe.ShouldBeTrue();
        breaker.Leave(lost, UpstreamVerdict.Failed, default, Terms, At(61)).ShouldBeNull("what it would say is too old");
        breaker.Enter(Terms, At(61)).Ticket.ShouldBeNull("the second try goes on");
        breaker.Leave(next, UpstreamVerdict.Answered, default, Terms, At(62))!.Reason.ShouldBe(CircuitReason.ProbeAnswered);
    }

    [Fact]
    public void What_was_sent_before_it_opened_decides_nothing_afterwards()
    {
        var breaker = new CircuitBreaker();
        var late = breaker.Enter(Terms, At(0)).Ticket!.Value;
        for (var call = 0; call < 4; call++)
            Call(breaker, UpstreamVerdict.Failed, At(0));
        breaker.Enter(Terms, At(30)).Ticket!.Value.IsProbe.ShouldBeTrue();
        breaker.Leave(late, UpstreamVerdict.Answered, default, Terms, At(30)).ShouldBeNull();
        breaker.State.ShouldBe(CircuitState.HalfOpen);
        breaker.Enter(Terms, At(30)).Ticket.ShouldBeNull("the try goes on");
    }

    [Fact]
    public void It_does_what_the_model_does() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 7], Gen.Int[0, 9])
            .List[1, 150]
            .Sample(steps =>
            {
                var (breaker, model, now) = (new CircuitBreaker(), new Model(), TimeSpan.Zero);
                var (mine, theirs) = (new List<CircuitTicket>(), new List<(int Epoch, bool IsProbe, int? Call)>());
                foreach (var (what, which, seconds) in steps)
                {
                    if (what == 0)
                        now += TimeSpan.FromSeconds(seconds * seconds / 2.0);
                    if (what is 1 or 2)
                    {
                        var entry = breaker.Enter(Terms, now);
                        var expected = model.Enter(now);
                        (entry.Ticket is not null).ShouldBe(expected is not null);
                        if (entry.Ticket is { } ticket && expected is { } other)
                        {
                            ticket.IsProbe.ShouldBe(other.IsProbe);
                            mine.Add(ticket);
                            theirs.Add((other.Epoch, other.IsProbe, null));
                        }
                    }
                    if (what >= 3 && mine.Count > 0)
                    {
                        var at = which % mine.Count;
                        var (verdict, slow) = ((UpstreamVerdict)(seconds % 3), seconds >= 7);
                        var took = TimeSpan.FromSeconds(slow ? 3 : 1);
                        if (verdict == UpstreamVerdict.Answered && which % 2 == 0)
                        {
                            // The answer has begun and goes on.
                            mine[at] = breaker.Answered(mine[at], took, Terms, now).Ticket;
                            theirs[at] = model.Answered(theirs[at], slow, now);
                            breaker.State.ShouldBe(model.State);
                            continue;
                        }
                        breaker.Leave(mine[at], verdict, took, Terms, now);
                        model.Leave(theirs[at], verdict, slow, now);
                        mine.RemoveAt(at);
                        theirs.RemoveAt(at);
                    }
                    breaker.State.ShouldBe(model.State);
                }
            });

    private static CircuitBreaker Opened()
    {
        var breaker = new CircuitBreaker();
        for (var call = 0; call < 4; call++)
            Call(breaker, UpstreamVerdict.Failed, At(0));
        breaker.State.ShouldBe(CircuitState.Open);
        return breaker;
    }

    private static CircuitChange? Call(CircuitBreaker breaker, UpstreamVerdict verdict, TimeSpan now, int seconds = 0) =>
        breaker.Leave(breaker.Enter(Terms, now).Ticket!.Value, verdict, TimeSpan.FromSeconds(seconds), Terms, now);

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>It keeps every call since it closed, and counts them anew each time.</summary>
    private sealed class Model
    {
        private readonly Dictionary<int, (long Second, UpstreamVerdict Verdict, bool Slow)> calls = [];
        private int number;
        private TimeSpan probed;
        private int epoch;
        private TimeSpan opened;
        private bool probing;

        public CircuitState State { get; private set; }

        public (int Epoch, bool IsProbe)? Enter(TimeSpan now)
        {
            if (State == CircuitState.Open && now - opened >= TimeSpan.FromSeconds(30))
                Become(CircuitState.HalfOpen);
            if (State == CircuitState.Open || (probing && now - probed < TimeSpan.FromSeconds(30)))
                return null;
            if (probing)
                epoch++;
            (probing, probed) = (State == CircuitState.HalfOpen, now);
            return (epoch, probing);
        }

        public (int Epoch, bool IsProbe, int? Call) Answered((int Epoch, bool IsProbe, int? Call) ticket, bool slow, TimeSpan now)
        {
            if (ticket.Epoch != epoch || ticket.Call is not null)
                return ticket;
            var began = epoch;
            Leave(ticket, UpstreamVerdict.Answered, slow, now);
            if (!ticket.IsProbe)
                return (began, false, number);
            if (State != CircuitState.Closed)
                return ticket;
            calls[++number] = ((long)now.TotalSeconds, UpstreamVerdict.Answered, false);
            return (epoch, false, number);
        }

        public void Leave((int Epoch, bool IsProbe, int? Call) ticket, UpstreamVerdict verdict, bool slow, TimeSpan now)
        {
            if (ticket.Epoch != epoch || (ticket.Call is not null && verdict != UpstreamVerdict.Failed))
                return;
            if (ticket.IsProbe)
                probing = false;
            if (verdict == UpstreamVerdict.None)
                return;
            if (ticket.Call is { } before)
                calls.Remove(before);
            if (!ticket.IsProbe)
                calls[++number] = ((long)now.TotalSeconds, verdict, slow);
            var seen = calls.Values.Where(call => call.Second > (long)now.TotalSeconds - 10).ToList();
            var (failed, late) = (seen.Count(call => call.Verdict == UpstreamVerdict.Failed), seen.Count(call => call.Slow));
            var isBad = ticket.IsProbe
                ? verdict == UpstreamVerdict.Failed || slow
                : seen.Count >= 4 && (failed >= seen.Count * 0.5 || late >= seen.Count * 0.75);
            if (isBad)
                opened = now;
            if (isBad)
                Become(CircuitState.Open);
            else if (ticket.IsProbe)
                Become(CircuitState.Closed);
        }

        private void Become(CircuitState next)
        {
            State = next;
            epoch++;
            probing = false;
            if (next == CircuitState.Closed)
                calls.Clear();
        }
    }
}
