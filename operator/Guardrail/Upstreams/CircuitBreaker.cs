namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A circuit breaker over a sliding window. Closed: calls pass, and it opens when too many of them failed or were slow. Open: calls are
/// refused for a time. Half-open: one call at a time tries the upstream, and whether it is answered decides; one that has no answer within
/// the time for which the breaker opens says nothing any more, and the next call tries. Time is passed in, and the terms with each call, so
/// that it outlives a reload of them. Safe for any thread.
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
    private TimeSpan probedAt;

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
            if (probing && now - probedAt < terms.OpenFor)
                return new CircuitEntry(null, WhileProbing, null);
            // Whatever becomes of a try that took too long is nobody's to hear.
            if (probing)
                epoch++;
            (probing, probedAt) = (true, now);
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

    /// <summary>
    /// The answer to a call that passed has begun. That is what a breaker wants to know: how long the answer then goes on does not matter.
    /// Where it breaks off later, <see cref="Leave"/> is told so, and the call counts as one that failed.
    /// </summary>
    /// <param name="ticket">What it got.</param>
    /// <param name="answeredAfter">How long the answer took to begin.</param>
    /// <param name="terms">When it opens.</param>
    /// <param name="now">The time since the same moment as before.</param>
    /// <returns>What the call shows from now on, and the change of state, if there was one.</returns>
    public (CircuitTicket Ticket, CircuitChange? Change) Answered(
        CircuitTicket ticket,
        TimeSpan answeredAfter,
        CircuitTerms terms,
        TimeSpan now
    )
    {
        lock (gate)
        {
            if (ticket.Epoch != epoch || ticket.Slice is not null)
                return (ticket, null);
            var isSlow = answeredAfter >= terms.SlowAfter;
            if (!ticket.IsProbe)
            {
                var opened = AfterCall(UpstreamVerdict.Answered, isSlow, terms, now);
                return (ticket with { Slice = counts.Current, WasSlow = isSlow }, opened);
            }
            var change = AfterProbe(UpstreamVerdict.Answered, isSlow, now);
            if (state != CircuitState.Closed)
                return (ticket, change);
            // It is the first call of the window that begins: what breaks off after it was answered counts there.
            counts.MoveTo(now, terms.Window);
            return (new CircuitTicket(epoch, IsProbe: false, counts.Add(Calls)), change);
        }
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
            if (ticket.Slice is { } slice)
            {
                if (verdict == UpstreamVerdict.Answered)
                    return null;
                // The same call, counted anew as what it has become.
                counts.MoveTo(now, terms.Window);
                counts.Undo(Calls, slice);
                if (ticket.WasSlow)
                    counts.Undo(SlowCalls, slice);
            }
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
