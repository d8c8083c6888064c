namespace AgentReadiness.Guardrail.Budget;

/// <summary>What a slot of the journal says.</summary>
internal enum SlotState
{
    /// <summary>
    /// Nothing: it was never written, or its writer died while it wrote. Then nothing had been done yet that rests on it.
    /// </summary>
    Blank,

    /// <summary>The window that stood here is told and over.</summary>
    Free,

    /// <summary>A record.</summary>
    Record,

    /// <summary>Something else. No order of our own writes leaves this, so the cell's other slot is not believed either.</summary>
    Broken,
}
