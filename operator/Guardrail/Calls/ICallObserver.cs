using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Is told what becomes of calls and runs. Metrics, the log and the spend log hang on it; nothing else counts or logs a call. It must not
/// throw, and must not touch a call's request or answer: some events come after these have ended.
/// </summary>
internal interface ICallObserver
{
    /// <summary>A call was refused.</summary>
    void Refused(CallContext call, CallRefusal refusal);

    /// <summary>A limit that is only observed would have refused a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="limit">The limit's stable name.</param>
    void WouldRefuse(CallContext call, string limit);

    /// <summary>The answer to an attempt has begun.</summary>
    void Answered(CallContext call);

    /// <summary>An attempt failed, or a poll of our own for its answer.</summary>
    /// <param name="call">The call.</param>
    /// <param name="kind">The call's kind, or <see cref="CallKind.Background"/> for a poll.</param>
    /// <param name="reason">Why, in a few words.</param>
    void Failed(CallContext call, CallKind kind, string reason);

    /// <summary>A call is to be tried again.</summary>
    /// <param name="call">The call; its attempt is the one that failed.</param>
    /// <param name="status">What the upstream answered; 0 without an answer.</param>
    /// <param name="delay">The pause before the next attempt.</param>
    void Retried(CallContext call, int status, TimeSpan delay);

    /// <summary>A call is made in the place of one of another upstream.</summary>
    /// <param name="call">The call; <see cref="CallContext.From"/> says for which one, and why.</param>
    void FellBack(CallContext call);

    /// <summary>A call that failed could have gone to another upstream, and does not.</summary>
    /// <param name="call">The call.</param>
    /// <param name="to">The other upstream.</param>
    /// <param name="reason">Why it could have.</param>
    /// <param name="why">Why it does not: the code of a refusal, or a word of <see cref="Fallbacks"/>.</param>
    void NotFellBack(CallContext call, string to, FallbackReason reason, string why);

    /// <summary>An attempt of a model call was booked.</summary>
    /// <param name="call">The call.</param>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="spent">What counts as spent.</param>
    /// <param name="reserved">What was reserved.</param>
    void Booked(CallContext call, CallOutcome outcome, Money spent, Money reserved);

    /// <summary>A model call cost more than its bound.</summary>
    void Overran(CallContext call, OverrunReport report);

    /// <summary>A call of a tool, or a free one, has ended.</summary>
    /// <param name="call">The call.</param>
    /// <param name="status">What the upstream answered; 0 without an answer.</param>
    void Passed(CallContext call, int status);

    /// <summary>A call with side effects was answered, whether it was sent or not.</summary>
    /// <param name="call">The call.</param>
    /// <param name="end">What became of it.</param>
    void Effected(CallContext call, EffectEnd end);

    /// <summary>A tool failed.</summary>
    /// <param name="call">The call.</param>
    /// <param name="failure">How.</param>
    /// <param name="inRow">The failures of the run in a row, with this one.</param>
    void ToolFailed(CallContext call, ToolFailure failure, int inRow);

    /// <summary>Nobody knows whether a tool failed.</summary>
    /// <param name="call">The call.</param>
    /// <param name="why">Why its answer was not looked at.</param>
    void Unread(CallContext call, UnreadAnswer why);

    /// <summary>A call of a tool was held against its schema.</summary>
    /// <param name="call">The call of the agent, or the one whose answer asks for it.</param>
    /// <param name="checkedCall">What was found.</param>
    void ToolChecked(CallContext call, CheckedCall checkedCall);

    /// <summary>A server changed what it publishes of a tool.</summary>
    /// <param name="call">The call that lists tools.</param>
    /// <param name="tool">The tool.</param>
    void ToolChanged(CallContext call, string tool);

    /// <summary>A tool with side effects was called without the guardrail.</summary>
    /// <param name="call">The call that brings its result to a model.</param>
    /// <param name="tool">The tool.</param>
    void OffPath(CallContext call, string tool);

    /// <summary>An attempt of a call met a fault of its evaluation's chaos.</summary>
    /// <param name="call">The call.</param>
    /// <param name="fault">The fault's word.</param>
    void FaultMade(CallContext call, string fault);

    /// <summary>A request to the agent failed.</summary>
    /// <param name="port">The port that it came in on.</param>
    /// <param name="reason">Why, in a few words.</param>
    void InboundFailed(int port, string reason);

    /// <summary>A run has ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="status">The status that its client got.</param>
    /// <param name="elapsed">How long it took.</param>
    void RunEnded(Run run, int status, TimeSpan elapsed);
}
