namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>One line of the file of side effects.</summary>
/// <param name="Id">See <see cref="EffectKey.Id"/>.</param>
/// <param name="Content">See <see cref="EffectKey.Content"/>.</param>
/// <param name="State">What is known.</param>
/// <param name="At">When the call was made.</param>
/// <param name="Result">The answer, where it was done.</param>
internal sealed record EffectRecord(string Id, string Content, EffectState State, DateTimeOffset At, EffectResult? Result);
