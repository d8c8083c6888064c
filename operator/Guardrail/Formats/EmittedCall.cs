using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>A call of a tool that a model asks for in its answer.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Arguments">Its arguments as the answer has them; whether they are JSON is not known.</param>
/// <param name="IsText">The arguments are a free text, which no schema is about.</param>
/// <param name="Unread">Why the arguments are not known; null where they are.</param>
internal readonly record struct EmittedCall(string Tool, ReadOnlyMemory<byte> Arguments, bool IsText = false, ToolVerdict? Unread = null);
