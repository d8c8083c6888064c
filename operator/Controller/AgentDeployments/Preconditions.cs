using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What must hold before any object of a revision is made. Pure.</summary>
internal static class Preconditions
{
    private static readonly string[] OnePodModes = ["ReadWriteOnce", "ReadWriteOncePod"];

    /// <summary>What the template needs and is not there yet: it may come by itself.</summary>
    public static (string Reason, string Message)? Missing(AgentObservation seen)
    {
        foreach (var map in ConfigMapReferences.Find(seen.Agent.Spec.Template))
        {
            if (!map.Optional && !seen.Inputs.ConfigMaps.ContainsKey(map.Name))
                return (Reasons.ConfigMapNotFound, $"spec.template: ConfigMap {seen.Namespace}/{map.Name} does not exist");
        }
        foreach (var (field, name) in ClaimReferences.Find(seen.Agent.Spec.Template))
        {
            if (!seen.Inputs.Claims.ContainsKey(name))
                return (Reasons.ClaimNotFound, $"{field}: PersistentVolumeClaim {seen.Namespace}/{name} does not exist");
        }
        return null;
    }

    /// <summary>What somebody must change before the revision can have pods.</summary>
    public static (string Reason, string Message)? Refusal(AgentObservation seen, Revision revision) =>
        NameConflict(seen, revision) is { } conflict ? (Reasons.NameConflict, conflict)
        : SinglePodClaim(seen) is { } claim ? (Reasons.ClaimNotShareable, claim)
        : ForeignService(seen, revision) is { } service ? (Reasons.ForeignService, service)
        : null;

    /// <summary>
    /// What the template or an upstream names and its owner does not lend. What serves already goes on, whatever has changed since: only
    /// another Secret, which makes no other revision, is asked for anew.
    /// </summary>
    public static (string Reason, string Message)? NotLent(AgentObservation seen, Revision revision, Revision? serving)
    {
        var (ns, template) = (seen.Namespace, seen.Agent.Spec.Template);
        var refused =
            revision == serving ? null : LendingRules.Template(ns, template, "spec.template", seen.Inputs.Lent, seen.Environment.Authors);
        var live = revision == serving ? AgentDecider.Find(seen, revision, Track.Serving) : null;
        refused ??= LendingRules.Keys(
            ns,
            KeyUses.Find(seen.Agent.Spec).Where(use => live?.Keys.Contains($"{use.Upstream}={use.Secret}") != true),
            seen.Inputs.Lent
        );
        return refused is null ? null : (Reasons.NotLent, refused);
    }

    private static string? NameConflict(AgentObservation seen, Revision revision)
    {
        foreach (var name in new[] { ChildNames.Service(seen.Name), ChildNames.CandidateService(seen.Name) })
        {
            if (seen.Children.Services.GetValueOrDefault(name) is { } service && service.Meta.ControllerUid != seen.Uid)
                return $"Service {seen.Namespace}/{name} exists and is not this agent's: rename one of the two";
        }
        string[] names = [ChildNames.Serving(seen.Name, revision), ChildNames.Eval(seen.Name, revision)];
        return seen.Children.Deployments.FirstOrDefault(deployment =>
                names.Contains(deployment.Meta.Key.Name) && deployment.Meta.ControllerUid != seen.Uid
            )
                is { } foreign
                ? $"Deployment {foreign.Meta.Key} exists and is not this agent's: rename one of the two"
            : seen.Children.Disruption is { } disruption
            && disruption.Meta.ControllerUid != seen.Uid
            && seen.Agent.Spec.PodDisruptionBudget is not null
                ? $"PodDisruptionBudget {disruption.Meta.Key} exists and is not this agent's: rename one of the two"
            : null;
    }

    // Two revisions run side by side. A claim that only one node or pod may mount would keep the second revision's pods from starting.
    private static string? SinglePodClaim(AgentObservation seen)
    {
        foreach (var (field, name) in ClaimReferences.Find(seen.Agent.Spec.Template))
        {
            if (seen.Inputs.Claims.TryGetValue(name, out var modes) && modes.All(mode => OnePodModes.Contains(mode)))
                return $"{field}: PersistentVolumeClaim {seen.Namespace}/{name} is {string.Join(", ", modes)}: two revisions run side by "
                    + $"side and could not both mount it; use a ReadWriteMany or ReadOnlyMany claim, or a store outside of the pod";
        }
        return null;
    }

    // Whoever may write Services could select pods that have not passed their gates. So no such pods are made while such a Service exists.
    private static string? ForeignService(AgentObservation seen, Revision revision)
    {
        var labels = PodTemplate.Labels(seen, revision, Track.Eval);
        var service = seen.Inputs.ForeignServices.FirstOrDefault(service =>
            service.Selector.All(entry => labels.GetValueOrDefault(entry.Key) == entry.Value)
        );
        return service is null
            ? null
            : $"Service {service.Meta.Key} selects the pods of a revision before it has passed, by "
                + $"{string.Join(", ", service.Selector.Select(entry => $"{entry.Key}={entry.Value}"))}: "
                + $"change its selector, or the labels in spec.template.metadata.labels, or send its callers to Service {seen.Name}";
    }
}
