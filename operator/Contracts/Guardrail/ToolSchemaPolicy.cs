namespace AgentReadiness.Contracts.Guardrail;

/// <summary>How calls of tools are held against the schemas that the tools publish.</summary>
public sealed class ToolSchemaPolicy
{
    /// <summary>Observe: it is counted.</summary>
    public const string Observe = "Observe";

    /// <summary>Mark: and it is logged, and told in a header.</summary>
    public const string Mark = "Mark";

    /// <summary>Enforce: and what is known to be wrong does not pass.</summary>
    public const string Enforce = "Enforce";

    /// <summary>Observe, Mark or Enforce: calls that name no known tool or break its schema. Null: nobody looks.</summary>
    public string? Check { get; set; }

    /// <summary>With Enforce: a call that cannot be checked does not pass either.</summary>
    public bool RefuseUnknown { get; set; }

    /// <summary>Observe or Enforce: calls of a tool whose definition changed. Null: nobody looks.</summary>
    public string? OnChange { get; set; }
}
