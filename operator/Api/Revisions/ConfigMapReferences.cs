using System.Text.Json.Nodes;

namespace AgentReadiness.Api.Revisions;

/// <summary>A ConfigMap that a pod template refers to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Optional">True where every reference to it is optional, so that the pod starts without it.</param>
public readonly record struct ConfigMapReference(string Name, bool Optional);

/// <summary>Where a pod template refers to ConfigMaps: env, envFrom, volumes and projected volumes of every container.</summary>
public static class ConfigMapReferences
{
    /// <summary>The ConfigMaps that a template refers to, by name, in the order of their names.</summary>
    public static IReadOnlyList<ConfigMapReference> Find(JsonObject template) =>
        [
            .. Nodes(template)
                .GroupBy(reference => reference["name"]!.GetValue<string>(), StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new ConfigMapReference(group.Key, group.All(IsOptional))),
        ];

    /// <summary>Changes every reference in place.</summary>
    /// <param name="template">The template.</param>
    /// <param name="rename">Gives the new name for a name.</param>
    public static void Rewrite(JsonObject template, Func<string, string> rename)
    {
        foreach (var reference in Nodes(template).ToList())
            reference["name"] = rename(reference["name"]!.GetValue<string>());
    }

    private static bool IsOptional(JsonObject reference) =>
        reference["optional"] is JsonValue value && value.TryGetValue<bool>(out var optional) && optional;

    private static IEnumerable<JsonObject> Nodes(JsonObject template)
    {
        if (template["spec"] is not JsonObject spec)
            yield break;
        foreach (var container in Objects(spec, "containers").Concat(Objects(spec, "initContainers")))
        {
            foreach (var source in Objects(container, "envFrom"))
            {
                if (Named(source["configMapRef"]) is { } reference)
                    yield return reference;
            }
            foreach (var variable in Objects(container, "env"))
            {
                if (Named((variable["valueFrom"] as JsonObject)?["configMapKeyRef"]) is { } reference)
                    yield return reference;
            }
        }
        foreach (var volume in Objects(spec, "volumes"))
        {
            if (Named(volume["configMap"]) is { } reference)
                yield return reference;
            if (volume["projected"] is not JsonObject projected)
                continue;
            foreach (var source in Objects(projected, "sources"))
            {
                if (Named(source["configMap"]) is { } inner)
                    yield return inner;
            }
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonObject parent, string name) =>
        (parent[name] as JsonArray)?.OfType<JsonObject>() ?? [];

    private static JsonObject? Named(JsonNode? node) =>
        node is JsonObject reference && reference["name"] is JsonValue name && name.TryGetValue<string>(out var text) && text.Length > 0
            ? reference
            : null;
}
