namespace AgentReadiness.Guardrail.Formats;

/// <summary>An output limit that stands in a body.</summary>
/// <param name="Offset">Of its value.</param>
/// <param name="Length">Of its value, bytes.</param>
/// <param name="Value">Tokens; null where it is written as null.</param>
internal readonly record struct LimitSpot(int Offset, int Length, long? Value);
