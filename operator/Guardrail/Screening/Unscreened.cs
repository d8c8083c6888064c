namespace AgentReadiness.Guardrail.Screening;

/// <summary>Why a text was not screened. The names are stable: metrics and logs have them.</summary>
internal enum Unscreened
{
    /// <summary>It is longer than what is screened, or there was no memory for it.</summary>
    TooLong,

    /// <summary>It is compressed in a way that cannot be undone here.</summary>
    Encoded,

    /// <summary>More is encoded in it, or it is encoded more often, than what is undone.</summary>
    TooMuchEncoded,
}
