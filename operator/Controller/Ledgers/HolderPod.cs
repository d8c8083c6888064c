namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// Where a pod or an account that asks for money lives: as the API server's token review named the pod, or the account's ledger.
/// </summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Uid">The pod's UID.</param>
public readonly record struct HolderPod(string Name, string Uid);
