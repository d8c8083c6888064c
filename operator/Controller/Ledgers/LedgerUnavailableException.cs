namespace AgentReadiness.Controller.Ledgers;

/// <summary>This replica may not or cannot write the ledger, so it gives no answer about money.</summary>
public sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
