namespace AgentReadiness.Controller.Shared;

/// <summary>The controlling owner of an object.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its UID.</param>
public sealed record ControllerReference(string? Kind, string? Name, string? Uid);
