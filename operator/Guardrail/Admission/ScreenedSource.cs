namespace AgentReadiness.Guardrail.Admission;

/// <summary>Where a screened text comes from. The names are stable: metrics and logs have them.</summary>
internal enum ScreenedSource
{
    /// <summary>The answer of a tool whose call crosses the guardrail, or what an MCP server says by itself.</summary>
    ToolAnswer,

    /// <summary>What a model request says that a tool or a search found.</summary>
    ToolResult,

    /// <summary>What a model request says that a user said.</summary>
    UserInput,
}
