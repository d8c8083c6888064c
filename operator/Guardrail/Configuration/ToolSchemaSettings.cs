using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ToolSchemaPolicy"/>, read.</summary>
internal sealed class ToolSchemaSettings
{
    /// <param name="policy">As the configuration has it.</param>
    /// <exception cref="FormatException">A value is not known.</exception>
    public ToolSchemaSettings(ToolSchemaPolicy policy)
    {
        if (policy.Check is not (null or ToolSchemaPolicy.Observe or ToolSchemaPolicy.Mark or ToolSchemaPolicy.Enforce))
            throw new FormatException($"toolSchemas.check: \"{policy.Check}\" is none of Observe, Mark and Enforce");
        if (policy.OnChange is not (null or ToolSchemaPolicy.Observe or ToolSchemaPolicy.Enforce))
            throw new FormatException($"toolSchemas.onChange: \"{policy.OnChange}\" is none of Observe and Enforce");
        Checks = policy.Check is not null;
        Marks = policy.Check is ToolSchemaPolicy.Mark or ToolSchemaPolicy.Enforce;
        Refuses = policy.Check is ToolSchemaPolicy.Enforce;
        RefusesUnknown = Refuses && policy.RefuseUnknown;
        RefusesChanged = policy.OnChange is ToolSchemaPolicy.Enforce;
        SeesChanges = policy.OnChange is not null;
    }

    /// <summary>Calls are held against schemas, and that is counted.</summary>
    public bool Checks { get; }

    /// <summary>What does not fit is logged, and told in a header.</summary>
    public bool Marks { get; }

    /// <summary>What is known to be wrong does not pass.</summary>
    public bool Refuses { get; }

    /// <summary>Nor does what cannot be checked.</summary>
    public bool RefusesUnknown { get; }

    /// <summary>A tool that changed is told of.</summary>
    public bool SeesChanges { get; }

    /// <summary>Calls of a tool that changed do not pass.</summary>
    public bool RefusesChanged { get; }

    /// <summary>A call of which a check says this does not pass.</summary>
    public bool Stops(ToolVerdict verdict) => (Refuses && verdict.IsBroken()) || (RefusesUnknown && verdict.IsUnchecked());
}
