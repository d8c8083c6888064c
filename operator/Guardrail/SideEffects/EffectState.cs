namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>What is written down of a call with side effects. The numbers stand in files.</summary>
internal enum EffectState : byte
{
    /// <summary>It is about to be sent, or was. Where nothing follows, nobody knows whether it was done.</summary>
    Sent = 1,

    /// <summary>The tool did it, and answered.</summary>
    Done = 2,

    /// <summary>It was certainly not done: it may be sent.</summary>
    Free = 3,
}
