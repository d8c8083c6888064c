using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Views;

/// <summary>What every view of a child keeps.</summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="Uid">metadata.uid.</param>
/// <param name="ControllerUid">UID of the controlling owner, or null.</param>
/// <param name="Labels">metadata.labels.</param>
/// <param name="Created">metadata.creationTimestamp.</param>
/// <param name="Deleting">metadata.deletionTimestamp is set.</param>
/// <param name="Version">metadata.generation where the kind has one, else metadata.resourceVersion: changes when the spec does.</param>
/// <param name="Controller">"Kind/name" of the controlling owner, or null.</param>
public sealed record Meta(
    NamespacedName Key,
    string Uid,
    string? ControllerUid,
    IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset Created,
    bool Deleting,
    string Version,
    string? Controller = null
)
{
    /// <summary>Reads metadata.</summary>
    public static Meta Of(JsonElement item) =>
        new(
            new NamespacedName(item.Text("metadata", "namespace") ?? string.Empty, item.Text("metadata", "name")!),
            item.Text("metadata", "uid")!,
            item.Items("metadata", "ownerReferences")
                .Where(owner => owner.Bool("controller"))
                .Select(owner => owner.Text("uid"))
                .FirstOrDefault(),
            item.Map("metadata", "labels"),
            item.Time("metadata", "creationTimestamp") ?? DateTimeOffset.UnixEpoch,
            item.Text("metadata", "deletionTimestamp") is not null,
            item.Long("metadata", "generation")?.ToString(System.Globalization.CultureInfo.InvariantCulture)
                ?? item.Text("metadata", "resourceVersion")!,
            item.Items("metadata", "ownerReferences")
                .Where(owner => owner.Bool("controller"))
                .Select(owner => $"{owner.Text("kind")}/{owner.Text("name")}")
                .FirstOrDefault()
        );

    /// <summary>A label's value, or null.</summary>
    public string? Label(string name) => Labels.GetValueOrDefault(name);
}

/// <summary>A Deployment of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Replicas">spec.replicas.</param>
/// <param name="Observed">The controller has seen the current generation.</param>
/// <param name="Updated">status.updatedReplicas.</param>
/// <param name="Available">status.availableReplicas.</param>
/// <param name="Ready">status.readyReplicas.</param>
/// <param name="Total">status.replicas: pods that exist, old ones included.</param>
/// <param name="Fault">The message of a ReplicaFailure condition: quota, admission.</param>
/// <param name="GuardrailImage">The guardrail's image in its template.</param>
/// <param name="ForeignManagers">Field managers, other than the operator, that own a part of its spec.</param>
/// <param name="ConfigDigests">From the name of each ConfigMap copy that its pods mount to the digest of the content.</param>
public sealed record DeploymentView(
    Meta Meta,
    int Replicas,
    bool Observed,
    int Updated,
    int Available,
    int Ready,
    int Total,
    string? Fault,
    string? GuardrailImage,
    IReadOnlyList<string> ForeignManagers,
    IReadOnlyDictionary<string, string> ConfigDigests
)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new("apps", "v1", "deployments", "Deployment");

    /// <summary>Makes the view.</summary>
    public static DeploymentView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            item.Int("spec", "replicas") ?? 1,
            (item.Long("status", "observedGeneration") ?? 0) >= (item.Long("metadata", "generation") ?? 0),
            item.Int("status", "updatedReplicas") ?? 0,
            item.Int("status", "availableReplicas") ?? 0,
            item.Int("status", "readyReplicas") ?? 0,
            item.Int("status", "replicas") ?? 0,
            item.Items("status", "conditions")
                .Where(condition => condition.Text("type") == "ReplicaFailure" && condition.Text("status") == "True")
                .Select(condition => condition.Text("message"))
                .FirstOrDefault(),
            item.Items("spec", "template", "spec", "initContainers")
                .Concat(item.Items("spec", "template", "spec", "containers"))
                .Where(container => container.Text("name") == Names.GuardrailContainer)
                .Select(container => container.Text("image"))
                .FirstOrDefault(),
            [
                .. item.Items("metadata", "managedFields")
                    .Where(entry => entry.Text("manager") != Names.Operator && entry.At("fieldsV1", "f:spec") is not null)
                    .Select(entry => string.Intern(entry.Text("manager") ?? "unknown"))
                    .Distinct(),
            ],
            Digests(item.At("metadata", "annotations") is { } annotations ? annotations.Text(Names.ConfigDigestsAnnotation) : null)
        );

    private static IReadOnlyDictionary<string, string> Digests(string? annotation)
    {
        if (annotation is null)
            return Json.EmptyMap;
        try
        {
            using var map = JsonDocument.Parse(annotation);
            return map
                .RootElement.EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? string.Empty, StringComparer.Ordinal);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Somebody wrote into it; the next apply of the declared revision sets it back.
            return Json.EmptyMap;
        }
    }

    /// <summary>The revision that it runs.</summary>
    public string? Revision => Meta.Label(Names.RevisionLabel);

    /// <summary>Its track.</summary>
    public string? Track => Meta.Label(Names.TrackLabel);

    /// <summary>True when as many pods as wanted run the current template and are available, and no other pods are left.</summary>
    public bool IsWhole(int wanted) => Observed && Replicas == wanted && Updated >= wanted && Available >= wanted && Total == Updated;
}

/// <summary>A Service.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Selector">spec.selector.</param>
public sealed record ServiceView(Meta Meta, IReadOnlyDictionary<string, string> Selector)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "services", "Service");

    /// <summary>Makes the view.</summary>
    public static ServiceView Of(JsonElement item) => new(Meta.Of(item), item.Map("spec", "selector"));
}

/// <summary>A PersistentVolumeClaim.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="AccessModes">spec.accessModes.</param>
public sealed record ClaimView(Meta Meta, IReadOnlyList<string> AccessModes)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "persistentvolumeclaims", "PersistentVolumeClaim");

    /// <summary>Makes the view.</summary>
    public static ClaimView Of(JsonElement item) =>
        new(Meta.Of(item), [.. item.Items("spec", "accessModes").Select(mode => string.Intern(mode.GetString() ?? string.Empty))]);
}

/// <summary>A PodDisruptionBudget.</summary>
/// <param name="Meta">Identity.</param>
public sealed record DisruptionView(Meta Meta)
{
    /// <summary>The resource in a version of its group.</summary>
    public static ResourceType Resource(string version) => new("policy", version, "poddisruptionbudgets", "PodDisruptionBudget");

    /// <summary>Makes the view.</summary>
    public static DisruptionView Of(JsonElement item) => new(Meta.Of(item));
}

/// <summary>Where a Service of ours sends traffic now, as the endpoints controller made it.</summary>
/// <param name="Meta">Identity; the labels are the Service's.</param>
/// <param name="Pods">Names of the pods that are ready.</param>
public sealed record EndpointsView(Meta Meta, IReadOnlyList<string> Pods)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "endpoints", "Endpoints");

    /// <summary>Makes the view.</summary>
    public static EndpointsView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            [
                .. item.Items("subsets")
                    .SelectMany(subset => subset.Items("addresses"))
                    .Select(address => address.Text("targetRef", "name"))
                    .OfType<string>(),
            ]
        );
}

/// <summary>A ConfigMap: what it is and what its content hashes to, not the content.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Digest">See <see cref="ConfigMapContent.Digest"/>.</param>
/// <param name="PricesDigest">Digest of its file of prices, where it has one: so guardrails' configurations are known by what they
/// cost.</param>
/// <param name="Prices">The file itself, of the ConfigMaps that prices in force come from.</param>
public sealed record ConfigMapView(Meta Meta, string Digest, string? PricesDigest = null, string? Prices = null)
{
    private static readonly string CaFile = Path.GetFileName(GuardrailPaths.CaFile);

    /// <summary>
    /// Digest of its file of CA certificates, where it has one and is the operator's: so it is known what guardrails trust.
    /// </summary>
    public string? CaDigest { get; init; }

    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "configmaps", "ConfigMap");

    /// <summary>Makes the view.</summary>
    public static ConfigMapView Of(JsonElement item) => Of(item, []);

    /// <summary>Makes the view.</summary>
    /// <param name="item">The object.</param>
    /// <param name="prices">The ConfigMaps whose prices are kept.</param>
    public static ConfigMapView Of(JsonElement item, params ReadOnlySpan<NamespacedName?> prices)
    {
        var meta = Meta.Of(item);
        var file = item.Text("data", GuardrailPrices.Key);
        // Interned: all guardrails have the same one.
        return new(
            meta,
            Content(item).Digest(),
            file is null ? null : string.Intern(GuardrailPrices.DigestOf(file)),
            prices.Contains(meta.Key) ? file : null
        )
        {
            CaDigest =
                meta.Label(Names.ManagedByLabel) == Names.Operator && item.Text("data", CaFile) is { } ca
                    ? string.Intern(GrantCertificates.DigestOf(ca))
                    : null,
        };
    }

    /// <summary>The content of a ConfigMap.</summary>
    public static ConfigMapContent Content(JsonElement item) => new(Values(item, "data"), Values(item, "binaryData"));

    private static Dictionary<string, string> Values(JsonElement item, string name) =>
        item.At(name) is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? string.Empty, StringComparer.Ordinal)
            : [];
}

/// <summary>A Job of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Failure">"Reason: message" of the Failed condition, or null.</param>
public sealed record JobView(Meta Meta, string? Failure)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new("batch", "v1", "jobs", "Job");

    /// <summary>Makes the view.</summary>
    public static JobView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            item.Items("status", "conditions")
                .Where(condition => condition.Text("type") == "Failed" && condition.Text("status") == "True")
                .Select(condition => $"{condition.Text("reason")}: {condition.Text("message")}")
                .FirstOrDefault()
        );
}

/// <summary>How a container stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Waiting">"Reason: message" while it waits for more than its turn, or null.</param>
/// <param name="ExitCode">Of the ended container; null while it runs or waits.</param>
/// <param name="TerminationReason">For example OOMKilled.</param>
/// <param name="TerminationMessage">What it wrote; of the reporter beside a runner, and of a guardrail that left its last reports.</param>
public sealed record ContainerView(string Name, string? Waiting, int? ExitCode, string? TerminationReason, string? TerminationMessage);

/// <summary>A pod of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Phase">status.phase.</param>
/// <param name="Unschedulable">Why no node takes it, or null.</param>
/// <param name="Containers">Containers, init containers first.</param>
public sealed record PodView(Meta Meta, string Phase, string? Unschedulable, IReadOnlyList<ContainerView> Containers)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "pods", "Pod");

    /// <summary>Makes the view.</summary>
    public static PodView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            item.Text("status", "phase") ?? "Unknown",
            item.Items("status", "conditions")
                .Where(condition => condition.Text("type") == "PodScheduled" && condition.Text("status") == "False")
                .Select(condition => condition.Text("message"))
                .FirstOrDefault(),
            [.. item.Items("status", "initContainerStatuses").Concat(item.Items("status", "containerStatuses")).Select(Container)]
        );

    /// <summary>Whether its processes have ended for good.</summary>
    public bool IsOver => Phase is "Succeeded" or "Failed";

    /// <summary>The last reports of its guardrail, where that ended and left some (see <see cref="LastReports"/>).</summary>
    public string? LastWords => Containers.FirstOrDefault(container => container.Name == Names.GuardrailContainer)?.TerminationMessage;

    /// <summary>Why it does not run, in the words of the kubelet or scheduler, or null.</summary>
    public string? Trouble =>
        Unschedulable ?? Containers.Select(container => container.Waiting ?? Crash(container)).FirstOrDefault(cause => cause is not null);

    private static string? Crash(ContainerView container) =>
        container.ExitCode is { } code and not 0
            ? $"container {container.Name} ended with exit code "
                + $"{code}{(container.TerminationReason is { } reason ? $" ({reason})" : string.Empty)}"
            : null;

    private static ContainerView Container(JsonElement status)
    {
        var name = status.Text("name") ?? string.Empty;
        var reason = status.Text("state", "waiting", "reason");
        // These two are the ordinary way up, not a trouble.
        var waiting = reason is null or "ContainerCreating" or "PodInitializing"
            ? null
            : $"container {name}: {reason}: {status.Text("state", "waiting", "message")}";
        // An agent's own message may have 4 KiB, and nobody reads it here.
        var message = name is Names.GuardrailContainer or EvalSuiteRules.Reporter ? status.Text("state", "terminated", "message") : null;
        if (name == Names.GuardrailContainer && message is not null && !LastReports.LooksLike(message))
            message = null;
        return new ContainerView(
            name,
            waiting,
            status.Int("state", "terminated", "exitCode"),
            status.Text("state", "terminated", "reason"),
            message
        );
    }
}
