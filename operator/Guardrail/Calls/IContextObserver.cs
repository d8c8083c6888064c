using AgentReadiness.Guardrail.Admission;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Is told of context windows. It must not throw.</summary>
internal interface IContextObserver
{
    /// <summary>A model request was held against its window.</summary>
    void Looked(CallContext call, ContextFinding found);

    /// <summary>The provider said how much of a window a call took.</summary>
    /// <param name="call">The call.</param>
    /// <param name="share">Of the window, above 0.</param>
    void Used(CallContext call, double share);
}
