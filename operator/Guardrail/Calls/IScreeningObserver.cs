using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Screening;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Is told what screening finds. It must not throw.</summary>
internal interface IScreeningObserver
{
    /// <summary>A text gives the model orders. Told once for a text and a run.</summary>
    /// <param name="call">The call.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="verdict">What was found.</param>
    /// <param name="action">What became of it.</param>
    /// <param name="quote">The place, short and without secrets.</param>
    void Found(CallContext call, ScreenedSource source, Verdict verdict, ScreenedAction action, string quote);

    /// <summary>A text was not screened.</summary>
    /// <param name="call">The call.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="why">Why.</param>
    void NotScreened(CallContext call, ScreenedSource source, Unscreened why);
}
