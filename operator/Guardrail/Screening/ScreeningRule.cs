namespace AgentReadiness.Guardrail.Screening;

/// <summary>Meanings that stand near each other.</summary>
/// <param name="Number">Its place in the list.</param>
/// <param name="Id">Its stable ID.</param>
/// <param name="Family">The number of its family.</param>
/// <param name="Score">What it is worth: from 1 on it is enough alone.</param>
/// <param name="Within">So many words at most lie between the first and the last of them.</param>
/// <param name="All">The meanings: of each entry one must be there, and each in a word of its own.</param>
/// <param name="Unless">Meanings that must not be there, nor in the three words before.</param>
internal sealed record ScreeningRule(int Number, string Id, int Family, float Score, int Within, ushort[][] All, ushort[] Unless);
