namespace AgentReadiness.Guardrail.Relay;

/// <summary>How a relayed answer ended.</summary>
/// <param name="Cut">Why it was cut; null where it was not.</param>
/// <param name="Broken">Why the connection broke after all that matters had come; null where it did not.</param>
internal readonly record struct RelayEnd(string? Cut, Exception? Broken);
