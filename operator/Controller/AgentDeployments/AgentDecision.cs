using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What follows from an observation.</summary>
/// <param name="Writes">Writes to children, in order.</param>
/// <param name="Status">The status, whole; written only where it differs.</param>
/// <param name="Events">Events.</param>
/// <param name="RequeueAfter">When time alone changes the decision; null: never.</param>
public sealed record AgentDecision(
    IReadOnlyList<Write> Writes,
    AgentDeploymentStatus Status,
    IReadOnlyList<EventNote> Events,
    TimeSpan? RequeueAfter
);
