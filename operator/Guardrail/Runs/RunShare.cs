using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>What a call takes from its run before it is made.</summary>
internal readonly record struct RunShare(Money Cost, long Tokens);
