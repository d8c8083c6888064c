using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>A pod of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Phase">status.phase.</param>
/// <param name="Unschedulable">Why no node takes it, or null.</param>
/// <param name="Containers">Containers, init containers first.</param>
public sealed record PodView(Meta Meta, string Phase, string? Unschedulable, IReadOnlyList<ContainerView> Containers)
{
    /// <summary>The guardrail's image, as the pod was made with it; null where it has none.</summary>
    public string? GuardrailImage { get; init; }

    /// <summary>
    /// The guardrail runs as its image says, and no other container has a token for grants: so what is reported is what it counted.
    /// </summary>
    public bool HasOwnGuardrail { get; init; }

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
        )
        {
            GuardrailImage = GuardrailContainer(item)?.Text("image") is { } image ? TextPool.Of(image) : null,
            HasOwnGuardrail = GuardrailContainer(item) is { } guardrail && IsOwn(item, guardrail),
        };

    /// <summary>Whether its processes have ended for good.</summary>
    public bool IsOver => Phase is "Succeeded" or "Failed";

    /// <summary>The final reports of its guardrail, where that ended and left some (see <see cref="FinalReports"/>).</summary>
    public string? FinalReport => Containers.FirstOrDefault(container => container.Name == Names.GuardrailContainer)?.TerminationMessage;

    /// <summary>Why it does not run, in the words of the kubelet or scheduler, or null.</summary>
    public string? Trouble =>
        Unschedulable ?? Containers.Select(container => container.Waiting ?? Crash(container)).FirstOrDefault(cause => cause is not null);

    private static JsonElement? GuardrailContainer(JsonElement item)
    {
        foreach (var container in AllContainers(item))
        {
            if (container.Text("name") == Names.GuardrailContainer)
                return container;
        }
        return null;
    }

    private static IEnumerable<JsonElement> AllContainers(JsonElement item) =>
        item.Items("spec", "initContainers").Concat(item.Items("spec", "containers")).Concat(item.Items("spec", "ephemeralContainers"));

    private static bool IsOwn(JsonElement item, JsonElement guardrail)
    {
        if (guardrail.At("command") is not null || guardrail.At("args") is not null)
            return false;
        var tokens = item.Items("spec", "volumes")
            .Where(volume =>
                volume.Items("projected", "sources").Any(source => source.Text("serviceAccountToken", "audience") == GrantProtocol.Audience)
            )
            .Select(volume => volume.Text("name"))
            .ToHashSet(StringComparer.Ordinal);
        return AllContainers(item)
            .Where(container => container.Text("name") != Names.GuardrailContainer)
            .All(container => container.Items("volumeMounts").All(mount => !tokens.Contains(mount.Text("name"))));
    }

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
        if (name == Names.GuardrailContainer && message is not null && !FinalReports.LooksLike(message))
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
