using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// What looks at the answers of tools, in its order: whether they are failures, or what they list of tools, and what they say.
/// </summary>
internal sealed class ToolAnswers(ToolFailures failures, ToolSchemas schemas, TextScreening screening)
{
    /// <summary>Whether they are failures.</summary>
    public ToolFailures Failures => failures;

    /// <summary>What watches an answer; null where nothing is to be seen in it.</summary>
    public RelayTap? Tap(CallContext call, HttpResponseMessage answer, bool isStream, bool isEvents) =>
        screening.Tap(
            call,
            answer,
            isStream,
            isEvents,
            failures.Tap(call, answer, isStream, isEvents) ?? schemas.Tap(call, answer, isStream, isEvents)
        );
}
