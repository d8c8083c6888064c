using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// Faults of a pod template that an API server refuses when the operator creates the Deployment. The template is opaque to our schema, so
/// that fields of a newer Kubernetes survive, and only a closed set of well-known fields is looked at (<see cref="PodShape"/>): a hint, and
/// never a refusal. A field that is not known here is passed over.
/// </summary>
internal static partial class PodHints
{
    private static readonly string[] Lists = ["initContainers", "containers"];

    /// <summary>The faults of an object's pod templates.</summary>
    public static IReadOnlyList<SchemaProblem> Of(JsonObject tree)
    {
        var (template, path) = tree["kind"]?.ToString() switch
        {
            AgentDeployment.EntityKind => ((tree["spec"] as JsonObject)?["template"], "spec.template"),
            EvalSuite.EntityKind => (((tree["spec"] as JsonObject)?["job"] as JsonObject)?["template"], "spec.job.template"),
            _ => (null, string.Empty),
        };
        if (template is not JsonObject pod)
            return [];
        var walk = new SchemaWalk();
        walk.Value(WithoutNulls(pod), PodShape.Template, path);
        if (pod["spec"] is JsonObject spec)
            Names(spec, $"{path}.spec", walk, isAgent: path == "spec.template");
        return walk.Problems;
    }

    // What spans several fields: names that must differ, mounts of volumes that must be there, ports that the guardrail has.
    private static void Names(JsonObject spec, string path, SchemaWalk walk, bool isAgent)
    {
        var volumes = Unique(spec, "volumes", path, walk, []);
        var containers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var list in Lists)
        {
            containers = Unique(spec, list, path, walk, containers);
            foreach (var (container, field) in Objects(spec, list, path))
            {
                Unique(container, "ports", field, walk, []);
                foreach (var (mount, place) in Objects(container, "volumeMounts", field))
                {
                    // The operator's own volumes are its business, and a rule refuses them.
                    if (
                        Text(mount["name"]) is { } name
                        && !volumes.Contains(name)
                        && !name.StartsWith("agent-readiness-", StringComparison.Ordinal)
                    )
                        walk.Add(
                            ProblemKind.Value,
                            $"{place}.name",
                            $"\"{name}\" is no volume of the pod: add it to {path}.volumes, or correct the name"
                        );
                }
                foreach (var (port, place) in Objects(container, "ports", field))
                {
                    if (
                        isAgent
                        && port["containerPort"] is JsonValue value
                        && value.TryGetValue<long>(out var number)
                        && number is >= GuardrailPorts.Egress and < GuardrailPorts.FirstInbound + 8
                    )
                        walk.Add(
                            ProblemKind.Value,
                            $"{place}.containerPort",
                            $"{number} is a port of the guardrail, which has {GuardrailPorts.Egress} to "
                                + $"{GuardrailPorts.FirstInbound + 7} in the same pod: let the agent listen on another one"
                        );
                }
                Probes(container, field, walk);
                Quantities(container, field, walk);
            }
        }
    }

    private static HashSet<string> Unique(JsonObject parent, string list, string path, SchemaWalk walk, HashSet<string> names)
    {
        foreach (var (entry, place) in Objects(parent, list, path))
        {
            if (Text(entry["name"]) is { Length: > 0 } name && !names.Add(name))
                walk.Add(ProblemKind.Value, $"{place}.name", $"\"{name}\" is used twice in the pod: choose another name");
        }
        return names;
    }

    private static void Probes(JsonObject container, string path, SchemaWalk walk)
    {
        foreach (var name in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
        {
            var kinds = (container[name] as JsonObject ?? []).Count(field =>
                field.Value is not null && PodShape.Handlers.Contains(field.Key)
            );
            if (container[name] is JsonObject && kinds != 1)
                walk.Add(ProblemKind.Value, $"{path}.{name}", $"has {kinds} of {string.Join(", ", PodShape.Handlers)} and must have one");
        }
    }

    private static void Quantities(JsonObject container, string path, SchemaWalk walk)
    {
        foreach (var list in (string[])["limits", "requests"])
        {
            foreach (var (name, value) in (container["resources"] as JsonObject)?[list] as JsonObject ?? [])
            {
                if (value is not null && (value is not JsonValue || !Quantity().IsMatch(value.ToString())))
                    walk.Add(ProblemKind.Value, $"{path}.resources.{list}.{name}", "must be a quantity, for example \"500m\" or \"1Gi\"");
            }
        }
    }

    private static IEnumerable<(JsonObject Entry, string Path)> Objects(JsonObject parent, string list, string path) =>
        (parent[list] as JsonArray ?? []).Select((entry, index) => (entry as JsonObject ?? [], $"{path}.{list}[{index}]"));

    private static string? Text(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    // To the API server a field that is null is absent.
    private static JsonNode? WithoutNulls(JsonNode? node) =>
        node switch
        {
            JsonObject map => new JsonObject(
                map.Where(field => field.Value is not null).Select(field => KeyValuePair.Create(field.Key, WithoutNulls(field.Value)))
            ),
            JsonArray list => new JsonArray([.. list.Select(WithoutNulls)]),
            _ => node?.DeepClone(),
        };

    [GeneratedRegex(@"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Quantity();
}
