namespace AgentReadiness.Runtime;

/// <summary>How many objects are reconciled at once. A service of the host; the names are controller-runtime's.</summary>
public sealed record ControllerOptions
{
    /// <summary>Reconciliations of one kind at once, each of another object; 4 where not set.</summary>
    public int MaxConcurrentReconciles { get; init; } = 4;

    /// <summary>The same for single controllers, by the name that they have in metrics and logs.</summary>
    public IReadOnlyDictionary<string, int> PerController { get; init; } = new Dictionary<string, int>();

    /// <summary>The number for a controller.</summary>
    public int For(string controller) => PerController.GetValueOrDefault(controller, MaxConcurrentReconciles);
}
