using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>A call of a tool that was held against its schema.</summary>
/// <param name="By">Who makes it.</param>
/// <param name="Tool">The tool, as it is named there; empty where that is not known.</param>
/// <param name="Check">What was found.</param>
internal readonly record struct CheckedCall(ToolCaller By, string Tool, ToolCheck Check);
