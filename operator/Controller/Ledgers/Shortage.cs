using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>A call that a shared budget must lend for.</summary>
/// <param name="Budget">The shared budget's ledger.</param>
/// <param name="Need">What it lacks.</param>
/// <param name="Call">Its own reservation.</param>
/// <param name="Also">What other calls of its sender wait for.</param>
internal readonly record struct Shortage(string Budget, Amount Need, Amount Call, Amount Also);
