namespace AgentReadiness.Guardrail.Tests.Screening;

/// <summary>A labelled text.</summary>
/// <param name="Template">What it was made of.</param>
/// <param name="Encoding">How it is encoded.</param>
/// <param name="Carrier">What it stands in.</param>
/// <param name="Text">The text.</param>
internal sealed record CorpusText(CorpusTemplate Template, string Encoding, string Carrier, string Text);

/// <summary>What texts are made of.</summary>
/// <param name="IsAttack">It is one.</param>
/// <param name="IsHeld">It was written before the rules and was never looked at alone.</param>
/// <param name="Family">The family of the attack, or the one that a benign text is near to.</param>
/// <param name="Language">Its language.</param>
/// <param name="Text">The text.</param>
internal sealed record CorpusTemplate(bool IsAttack, bool IsHeld, string Family, string Language, string Text);
