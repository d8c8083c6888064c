using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The pod template of a revision: the user's own, kept as it is, with ConfigMaps replaced by the revision's copies and the
/// guardrail in front. Pure.
/// </summary>
internal static class PodTemplate
{
    private const int ShortestGrace = 75;

    /// <summary>
    /// The pod's grace period in seconds: the template's own, where it is long enough. A template with longer runs sets a longer one.
    /// </summary>
    public static int GraceSeconds(JsonObject template) =>
        (template["spec"] as JsonObject)?["terminationGracePeriodSeconds"] is JsonValue grace && grace.TryGetValue<int>(out var seconds)
            ? Math.Max(seconds, ShortestGrace)
            : ShortestGrace;

    /// <summary>The labels that a revision's pods have.</summary>
    public static IReadOnlyDictionary<string, string> Labels(AgentObservation seen, Revision revision, Track track)
    {
        var labels = ((seen.Agent.Spec.Template["metadata"] as JsonObject)?["labels"] as JsonObject ?? [])
            .Where(label => label.Value is JsonValue value && value.TryGetValue<string>(out _))
            .ToDictionary(label => label.Key, label => label.Value!.GetValue<string>(), StringComparer.Ordinal);
        labels[Names.ManagedByLabel] = Names.Operator;
        foreach (var (key, value) in ChildObjects.Selector(seen.Name, revision, track))
            labels[key] = value;
        return labels;
    }

    /// <summary>
    /// What the pod's hook says when it asks the guardrail to drain: nobody can tell it from outside who cannot read the pod. It follows
    /// from the agent's UID, which is random, so that it is the same at each reconcile.
    /// </summary>
    public static string DrainToken(AgentObservation seen, Revision revision) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"drain {seen.Uid} {revision}")))[..32];

    /// <summary>Builds it.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="revision">The revision.</param>
    /// <param name="track">The track.</param>
    /// <param name="injection">What is put in; this operator knows its version.</param>
    public static JsonObject Build(AgentObservation seen, Revision revision, Track track, Injection injection)
    {
        var spec = seen.Agent.Spec;
        var template = (JsonObject)spec.Template.DeepClone();
        ConfigMapReferences.Rewrite(template, name => ChildNames.ConfigMapCopy(name, seen.Name, revision));

        var labels = Member(Member(template, "metadata"), "labels");
        foreach (var (key, value) in Labels(seen, revision, track))
            labels[key] = value;

        // A plan that changes must not be known to some pods of an evaluation and unknown to others, or to all of them a minute later.
        if (track == Track.Eval && ChaosPlans.Of(spec) is { Count: > 0 } plans)
            Member(Member(template, "metadata"), "annotations")[Names.ChaosAnnotation] = string.Join(',', plans.Select(plan => plan.Id));

        var pod = Member(template, "spec");
        pod["terminationGracePeriodSeconds"] = GraceSeconds(spec.Template);

        // The API server's token is for those who ask for it, which their service account must allow. Version 1 left that to the cluster.
        if (injection.Version >= 2 && pod["automountServiceAccountToken"] is null)
            pod["automountServiceAccountToken"] = false;

        var drain = GuardrailSidecar.DrainHook(DrainToken(seen, revision));
        var containers = (JsonArray)pod["containers"]!;
        foreach (var container in containers.OfType<JsonObject>())
        {
            AddVariables(container, spec);
            AddDrain(container, drain);
            DropRawSockets(container, spec);
        }
        foreach (var container in (pod["initContainers"] as JsonArray ?? []).OfType<JsonObject>())
        {
            AddVariables(container, spec);
            DropRawSockets(container, spec);
        }

        var resources = injection.Resources.With(spec.Guardrails?.Resources);
        var guardrail = GuardrailSidecar.Container(injection.Image, resources, spec, drain);
        GuardrailSidecar.AddFirst(pod, guardrail, injection.NativeSidecar);
        GuardrailSidecar.AddVolumes(pod, ChildNames.GuardrailConfig(seen.Name, revision, track), spec);
        return template;
    }

    private static void AddVariables(JsonObject container, AgentDeploymentSpec spec)
    {
        var added = SdkVariables.For(spec.Guardrails?.Upstreams ?? []).ToList();
        if (added.Count == 0)
            return;
        if (container["env"] is not JsonArray variables)
            container["env"] = variables = [];
        // First, so that the user's own variables may refer to them as $(OPENAI_BASE_URL).
        for (var i = 0; i < added.Count; i++)
            variables.Insert(i, new JsonObject { ["name"] = added[i].Key, ["value"] = added[i].Value });
    }

    // Kubernetes stops all containers of a pod at the same time. An agent that ended at once would cut the runs that the guardrail waits
    // for.
    private static void AddDrain(JsonObject container, JsonObject hook)
    {
        var lifecycle = Member(container, "lifecycle");
        if (lifecycle["preStop"] is null)
            lifecycle["preStop"] = hook.DeepClone();
    }

    // Whoever may open raw sockets reads the traffic of all containers of the pod, and so a key that goes to a Service in the clear.
    private static void DropRawSockets(JsonObject container, AgentDeploymentSpec spec)
    {
        if (spec.Guardrails?.Upstreams.Any(upstream => upstream.Credentials is not null) != true)
            return;
        var capabilities = Member(Member(container, "securityContext"), "capabilities");
        if (capabilities["drop"] is not JsonArray dropped)
            capabilities["drop"] = dropped = [];
        if (!dropped.OfType<JsonValue>().Any(value => value.TryGetValue<string>(out var name) && name is "ALL" or "NET_RAW"))
            dropped.Add("NET_RAW");
    }

    private static JsonObject Member(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject member)
            return member;
        var created = new JsonObject();
        parent[name] = created;
        return created;
    }
}
