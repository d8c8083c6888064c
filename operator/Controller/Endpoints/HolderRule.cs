using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Whether a pod may hold money of an agent: labels are anybody's to write, so the pod must come from the operator's own objects. Pure.
/// </summary>
internal static class HolderRule
{
    /// <summary>Why it may not; null where it may.</summary>
    /// <param name="pod">The pod, with the agent's labels.</param>
    /// <param name="deploymentUid">The UID of the Deployment that controls the pod's ReplicaSet; null where it has none.</param>
    /// <param name="deployment">The Deployment of the pod's revision and track; null where there is none.</param>
    /// <param name="agent">The agent; null where there is none.</param>
    /// <param name="holds">
    /// The account's ledger names this pod. It was found to be the operator's own then, and a pod never changes its owner. Its Deployment
    /// and its agent may be gone by now: what a pod does until it ends, and its closing report, must be booked all the same.
    /// </param>
    public static string? Refusal(PodView pod, string? deploymentUid, DeploymentView? deployment, AgentDeployment? agent, bool holds)
    {
        if (!holds && Made(pod, deploymentUid, deployment, agent) is { } refusal)
            return refusal;
        if (!pod.HasOwnGuardrail)
            return "its guardrail has another command, or another container has its token";
        // Until the status says it, the Deployment does: the operator has just made it. What is gone says nothing about the image, and
        // then the report of a changed guardrail is bounded by what it was granted.
        var pinned = pod.Meta.Revision is { } revision ? Injection.Pinned(agent?.Status, revision) : null;
        if (pinned is null && deployment is null)
            return null;
        var image = pinned?.Image ?? deployment!.GuardrailImage;
        return pod.GuardrailImage == image
            ? null
            : $"its guardrail's image is \"{pod.GuardrailImage}\", and revision {pod.Meta.Revision} has \"{image}\": name the image "
                + "that pods get, also where something rewrites images, in the chart's value guardrail.image";
    }

    private static string? Made(PodView pod, string? deploymentUid, DeploymentView? deployment, AgentDeployment? agent) =>
        agent is null || pod.Meta.Revision is null ? "its agent does not exist"
        : deployment is null || deployment.Meta.ControllerUid != agent.Metadata.Uid ? "its agent has no Deployment of its revision"
        : pod.Meta.Controller is not { Kind: "ReplicaSet" } || deploymentUid != deployment.Meta.Uid
            ? $"no ReplicaSet of Deployment {deployment.Meta.Key} made it"
        : null;
}
