namespace AgentReadiness.Controller.Ledgers;

/// <summary>What the owner's status last told about its ledger.</summary>
/// <param name="Id">The ledger's ID.</param>
/// <param name="Windows">The windows that were open, by budget.</param>
public sealed record LedgerWitness(string Id, IReadOnlyDictionary<string, string> Windows);
