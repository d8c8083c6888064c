namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// Something that each attempt of a call must have and that others want too: a place in the rate, a step of the run, money. What was taken
/// is given back by <see cref="Release"/> where a later claim is refused; once the attempt is sent, settling it is what counts.
/// </summary>
internal interface ICallClaim
{
    /// <summary>Its stable ID, which stands in logs.</summary>
    string Id { get; }

    /// <summary>The kinds of calls that need it.</summary>
    CallKind Kinds { get; }

    /// <summary>Its limits are only observed: what they would refuse passes and is counted.</summary>
    bool Observes(CallContext call) => call.Observes;

    /// <summary>Takes it, waiting where that helps.</summary>
    ValueTask<ClaimResult> TakeAsync(CallContext call);

    /// <summary>Gives back what <see cref="TakeAsync"/> took, whole: as if it had never been taken.</summary>
    void Release(CallContext call);

    /// <summary>The attempt that it was taken for has ended and is settled: what was held for its time only is given back.</summary>
    void Ended(CallContext call) { }
}
