namespace AgentReadiness.Runtime;

/// <summary>An object as the cache holds it: its identity, and a view that keeps only what its readers need.</summary>
/// <typeparam name="TView">An immutable projection.</typeparam>
/// <param name="Key">Namespace and name.</param>
/// <param name="Uid">metadata.uid.</param>
/// <param name="ResourceVersion">metadata.resourceVersion.</param>
/// <param name="View">The projection.</param>
public sealed record CacheEntry<TView>(NamespacedName Key, string Uid, string ResourceVersion, TView View);
