namespace AgentReadiness.Guardrail.Calls;

/// <summary>Who calls a tool. The names are stable: metrics and logs have them.</summary>
internal enum ToolCaller
{
    /// <summary>The agent, through the guardrail.</summary>
    Agent,

    /// <summary>A model asks for it in its answer.</summary>
    Model,
}
