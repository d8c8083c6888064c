namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>How often a measurement was tried and may be tried.</summary>
/// <param name="Made">Attempts in the latest run's round.</param>
/// <param name="Round">The round that a person asked for by a decision to retry; 0: none.</param>
/// <param name="Limit">
/// The most attempts at a measurement that could not be made. One that was made is final until a person asks for another round.
/// </param>
internal readonly record struct EvalAttempts(int Made, int Round, int Limit);
