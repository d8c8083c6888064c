namespace AgentReadiness.Controller.Shared;

/// <summary>An event to publish, once.</summary>
/// <param name="Warning">Warning or Normal.</param>
/// <param name="Reason">See <see cref="Reasons"/>.</param>
/// <param name="Message">For people.</param>
public sealed record EventNote(bool Warning, string Reason, string Message);
