namespace AgentReadiness.Guardrail.Admission;

/// <summary>Whether a model request fits the context window of its model. The list is closed.</summary>
internal enum ContextVerdict
{
    /// <summary>It fits.</summary>
    Fits,

    /// <summary>It does not.</summary>
    Overflows,

    /// <summary>Nobody knows: the catalog has no window of the model.</summary>
    NoWindow,

    /// <summary>Nobody knows: a part of it is stored at the provider.</summary>
    Stored,

    /// <summary>Nobody knows: its texts fit, and pictures, sounds or files are not counted.</summary>
    Media,
}
