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
    public static string? Refusal(PodView pod, string? deploymentUid, DeploymentView? deployment, AgentDeployment? agent)
    {
        if (agent is null || pod.Meta.Revision is not { } revision)
            return "its agent does not exist";
        if (deployment is null || deployment.Meta.ControllerUid != agent.Metadata.Uid)
            return "its agent has no Deployment of its revision";
        if (pod.Meta.Controller is not { Kind: "ReplicaSet" } || deploymentUid != deployment.Meta.Uid)
            return $"no ReplicaSet of Deployment {deployment.Meta.Key} made it";
        if (!pod.HasOwnGuardrail)
            return "its guardrail has another command, or another container has its token";
        // Until the status says it, the Deployment does: the operator has just made it.
        var image = Injection.Pinned(agent.Status, revision)?.Image ?? deployment.GuardrailImage;
        return pod.GuardrailImage == image
            ? null
            : $"its guardrail's image is \"{pod.GuardrailImage}\", and revision {revision} has \"{image}\": name the image that pods get, "
                + "also where something rewrites images, in the chart's value guardrail.image";
    }
}
