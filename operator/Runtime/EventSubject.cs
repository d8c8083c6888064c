namespace AgentReadiness.Runtime;

/// <summary>What an event speaks of.</summary>
/// <param name="ApiVersion">The object's API version.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Key">Its namespace and name.</param>
/// <param name="Uid">Its UID.</param>
public sealed record EventSubject(string ApiVersion, string Kind, NamespacedName Key, string Uid);
