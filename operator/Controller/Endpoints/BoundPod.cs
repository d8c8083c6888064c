using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>A pod and its namespace.</summary>
internal sealed record BoundPod(string Namespace, HolderPod Pod);
