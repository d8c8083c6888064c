namespace AgentReadiness.Guardrail.Admission;

/// <summary>What became of a text in which something was found. The names are stable: metrics and logs have them.</summary>
internal enum ScreenedAction
{
    /// <summary>It went on as it was.</summary>
    Flagged,

    /// <summary>It went on, delimited as data.</summary>
    Marked,

    /// <summary>It was withheld, or the call with it was refused.</summary>
    Blocked,
}
