namespace AgentReadiness.Controller.Shared;

/// <summary>How a container stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Waiting">"Reason: message" while it waits for more than its turn, or null.</param>
/// <param name="ExitCode">Of the ended container; null while it runs or waits.</param>
/// <param name="TerminationReason">For example OOMKilled.</param>
/// <param name="TerminationMessage">What it wrote; of the reporter beside a runner, and of a guardrail that left its last reports.</param>
public sealed record ContainerView(string Name, string? Waiting, int? ExitCode, string? TerminationReason, string? TerminationMessage);
