using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What is looked for in a model request beside what it costs; each where it is declared.</summary>
internal sealed class RequestWatch(TextScreening screening, ContextWindows windows)
{
    /// <summary>Looks at a request before its terms are found.</summary>
    /// <param name="call">The call; its body and its run are known.</param>
    /// <param name="request">What was read of it; it gets what is put in.</param>
    /// <returns>The bytes that are put in.</returns>
    public int Read(CallContext call, MeteredRequest request) => screening.Read(call, call.Body!.Value.Span, request);

    /// <summary>Looks at it again when they are.</summary>
    public void Priced(CallContext call) => windows.See(call);

    /// <summary>It was booked.</summary>
    public void Booked(CallContext call, CallOutcome outcome) => windows.Booked(call, outcome);
}
