namespace AgentReadiness.Guardrail.Schemas;

/// <summary>Whether a value fits a schema, as far as that is known.</summary>
internal enum Truth
{
    /// <summary>It does.</summary>
    Yes,

    /// <summary>It does not.</summary>
    No,

    /// <summary>Nobody knows.</summary>
    Unknown,
}
