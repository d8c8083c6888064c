namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A circuit breaker over a sliding window. Closed: calls pass, and it opens when too many of them failed or were slow. Open: calls are
/// refused for a time. Half-open: one call at a time tries the upstream, and what becomes of it decides. Time is passed in, and the terms
/// with each call, so that it outlives a reload of them. Safe for any thread.
/// </summary>
internal sealed class CircuitBreaker
{
    private const int Calls = 0;
    private const int Failures = 1;
    private const int SlowCalls = 2;

    // While a call tries the upstream, nobody knows how long that takes.
    private static readonly TimeSpan WhileProbing = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly SlidingCounts counts = new(3);
    private CircuitState state;
    private long epoch;
    private TimeSpan openedAt;
    private bool probing;

    /// <summary>The state.</summary>
    public CircuitState State
    {
        get
        {
            lock (gate)
                return state;
        }
    }

    /// <summary>A call wants to pass.</summary>
    /// <param name="terms">When it opens, and for how long.</param>
    /// <param name="now">The time since any fixed moment.</param>
    public CircuitEntry Enter(CircuitTerms terms, TimeSpan now)
    {
        lock (gate)
        {
            CircuitChange? change = null;
            if (state == CircuitState.Open)
            {
                if (openedAt + terms.OpenFor is var end && now < end)
                    return new CircuitEntry(null, end - now, null);
                change = Become(CircuitState.HalfOpen, CircuitReason.OpenTimeOver);
            }
            if (state == CircuitState.Closed)
                return new CircuitEntry(new CircuitTicket(epoch, IsProbe: false), default, null);
            if (probing)
                return new CircuitEntry(null, WhileProbing, null);
            probing = true;
            return new CircuitEntry(new CircuitTicket(epoch, IsProbe: true), default, change);
        }
    }

    /// <summary>How long a call that can prove nothing is to stay away; null where it may pass. Changes nothing.</summary>
    public TimeSpan? Refuses(CircuitTerms terms, TimeSpan now)
    {
        lock (gate)
        {
            if (state == CircuitState.Closed)
                return null;
            var left = openedAt + terms.OpenFor - now;
            return state == CircuitState.Open && left > WhileProbing ? left : WhileProbing;
        }
    }

    /// <summary>Whether the state is still that in which a call passed.</summary>
    public bool IsCurrent(CircuitTicket ticket)
    {
        lock (gate)
            return ticket.Epoch == epoch;
    }

    /// <summary>A call that passed has ended, or was not made.</summary>
    /// <param name="ticket">What it got.</param>
    /// <param name="verdict">What it says about the upstream.</param>
    /// <param name="answeredAfter">How long its answer took to begin, or how long it was waited for.</param>
    /// <param name="terms">When it opens.</param>
    /// <param name="now">The time since the same moment as before.</param>
    public CircuitChange? Leave(CircuitTicket ticket, UpstreamVerdict verdict, TimeSpan answeredAfter, CircuitTerms terms, TimeSpan now)
    {
        lock (gate)
        {
            if (ticket.Epoch != epoch)
                return null;
            if (ticket.IsProbe)
                probing = false;
            if (verdict == UpstreamVerdict.None)
                return null;
            var isSlow = answeredAfter >= terms.SlowAfter;
            return ticket.IsProbe ? AfterProbe(verdict, isSlow, now) : AfterCall(verdict, isSlow, terms, now);
        }
    }

    private CircuitChange AfterProbe(UpstreamVerdict verdict, bool isSlow, TimeSpan now)
    {
        if (verdict == UpstreamVerdict.Answered && !isSlow)
        {
            counts.Clear();
            return Become(CircuitState.Closed, CircuitReason.ProbeAnswered);
        }
        openedAt = now;
        return Become(CircuitState.Open, verdict == UpstreamVerdict.Failed ? CircuitReason.ProbeFailed : CircuitReason.ProbeSlow);
    }

    private CircuitChange? AfterCall(UpstreamVerdict verdict, bool isSlow, CircuitTerms terms, TimeSpan now)
    {
        counts.MoveTo(now, terms.Window);
        counts.Add(Calls);
        if (verdict == UpstreamVerdict.Failed)
            counts.Add(Failures);
        if (isSlow)
            counts.Add(SlowCalls);
        var all = counts.Of(Calls);
        if (all < terms.MinimumCalls)
            return null;
        CircuitReason? reason =
            counts.Of(Failures) * 100 >= all * terms.FailurePercent ? CircuitReason.FailuresOverShare
            : terms.SlowAfter is not null && counts.Of(SlowCalls) * 100 >= all * terms.SlowPercent ? CircuitReason.SlowCallsOverShare
            : null;
        if (reason is not { } why)
            return null;
        openedAt = now;
        return Become(CircuitState.Open, why);
    }

    private CircuitChange Become(CircuitState next, CircuitReason reason)
    {
        (state, probing) = (next, false);
        epoch++;
        return new CircuitChange(next, reason, counts.Of(Calls), counts.Of(Failures), counts.Of(SlowCalls));
    }
}
