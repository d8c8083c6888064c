using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Finds what others did to an agent's objects and what cannot be set back by writing the declared state again. Pure.</summary>
internal static class TamperCheck
{
    /// <summary>Sets the condition where there is something to tell.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="draft">Takes condition, event and writes.</param>
    /// <param name="declared">The declared revision; its objects are written again and need no report.</param>
    /// <param name="serving">The serving revision, or null.</param>
    public static void Report(AgentObservation seen, StatusDraft draft, Revision? declared, Revision? serving)
    {
        var findings = new List<string>();
        foreach (var pod in seen.Children.Pods.Where(pod => !pod.IsOver && !IsOurs(seen, pod)))
            findings.Add(
                $"Pod {pod.Meta.Key} carries this agent's labels and is not of its Deployments: it may receive traffic; delete it"
            );
        if (serving is { } named && named != declared && AgentDecider.Find(seen, named, Track.Serving) is { } deployment)
        {
            if (deployment.ForeignManagers.Count > 0)
                findings.Add(
                    $"Deployment {deployment.Meta.Key} of the serving revision was changed by "
                        + $"{string.Join(", ", deployment.ForeignManagers)}; its declared state is no longer known: promote another "
                        + $"revision"
                );
            findings.AddRange(LostCopies(seen, deployment));
            // Pods that run have mounted the true copy. A forged one is deleted, so that no pod that starts later mounts it.
            foreach (var forged in Copies(seen, deployment).Where(copy => copy.View is not null && copy.View.Digest != copy.Digest))
                draft.Writes.Add(new Write.Delete(ConfigMapView.Resource, forged.View!.Meta.Key, forged.View.Meta.Uid));
        }
        if (findings.Count == 0)
            return;
        var message = string.Join("; ", findings.Take(5)) + (findings.Count > 5 ? $"; and {findings.Count - 5} more" : string.Empty);
        if (!draft.Before.Conditions.Any(condition => condition.Type == ConditionTypes.Tampered && condition.Message == message))
            draft.Note(true, Reasons.Tampered, message);
        draft.Set(ConditionTypes.Tampered, "True", Reasons.Tampered, message);
    }

    /// <summary>Copies of ConfigMaps that a Deployment was made with and that are gone or have another content.</summary>
    public static IReadOnlyList<string> LostCopies(AgentObservation seen, DeploymentView deployment) =>
        [
            .. Copies(seen, deployment)
                .Where(copy => copy.View?.Digest != copy.Digest)
                .Select(copy =>
                    $"ConfigMap {seen.Namespace}/{copy.Name}, revision {deployment.Revision}'s own copy, "
                    + $"{(copy.View is null ? "was deleted" : "was replaced by another content")}"
                ),
        ];

    private static IEnumerable<(string Name, string Digest, ConfigMapView? View)> Copies(
        AgentObservation seen,
        DeploymentView deployment
    ) =>
        deployment.ConfigDigests.Select(entry =>
            (entry.Key, entry.Value, seen.Children.Copies.FirstOrDefault(copy => copy.Meta.Key.Name == entry.Key))
        );

    // A pod of ours has the ReplicaSet of one of our Deployments for its controller. By name, for the Deployment may be gone by now.
    private static bool IsOurs(AgentObservation seen, PodView pod)
    {
        if (pod.Meta.Deleting || pod.Meta.Revision is not { } revision)
            return pod.Meta.Deleting;
        var deployment = pod.Meta.Track == Track.Eval ? ChildNames.Eval(seen.Name, revision) : ChildNames.Serving(seen.Name, revision);
        return pod.Meta.Controller is { Kind: "ReplicaSet", Name: { } name } && name.StartsWith($"{deployment}-", StringComparison.Ordinal);
    }
}
