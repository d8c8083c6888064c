namespace AgentReadiness.Runtime;

/// <summary>The key of an object: what a work queue holds.</summary>
/// <param name="Namespace">The namespace; empty for a cluster-scoped object.</param>
/// <param name="Name">The name.</param>
public readonly record struct NamespacedName(string Namespace, string Name)
{
    /// <summary>"namespace/name".</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
