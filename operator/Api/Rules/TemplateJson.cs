using System.Text.Json.Nodes;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>Reads parts of a pod template, which is raw JSON.</summary>
internal static class TemplateJson
{
    /// <summary>The text of a node; null where it is none.</summary>
    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Absent or false. A value that is no boolean is neither.</summary>
    public static bool IsOff(JsonNode? node) => node is null || (node is JsonValue value && value.TryGetValue<bool>(out var on) && !on);

    /// <summary>The objects of a list with their paths; empty where there is no list.</summary>
    public static IEnumerable<(JsonObject Item, string Field)> Items(JsonNode? parent, string name, string field) =>
        ((parent as JsonObject)?[name] as JsonArray ?? []).Select((item, index) => (item as JsonObject ?? [], $"{field}.{name}[{index}]"));

    /// <summary>Containers and init containers with their paths.</summary>
    public static IEnumerable<(JsonObject Item, string Field)> Containers(JsonObject pod, string field) =>
        Items(pod, "containers", field).Concat(Items(pod, "initContainers", field));

    /// <summary>The user of a securityContext; null where it names none.</summary>
    public static long? UserOf(JsonNode? securityContext) =>
        (securityContext as JsonObject)?["runAsUser"] is JsonValue value && value.TryGetValue<long>(out var user) ? user : null;

    /// <summary>Adds a finding for each member that is not listed and not null.</summary>
    /// <param name="owner">The object; anything else has no members.</param>
    /// <param name="field">Its path.</param>
    /// <param name="allowed">The names that may be there, in their exact spelling.</param>
    /// <param name="check">The check of the findings.</param>
    /// <param name="findings">Takes them.</param>
    public static void Only(JsonNode? owner, string field, string[] allowed, Check check, FindingList findings)
    {
        foreach (var (name, value) in owner as JsonObject ?? [])
        {
            if (value is not null && !allowed.Contains(name, StringComparer.Ordinal))
                findings.Add(
                    check,
                    $"{field}.{name}",
                    $"is not among what may be set here: remove it; allowed are {string.Join(", ", allowed)}"
                );
        }
    }

    /// <summary>
    /// Adds a finding for each member that is a known field in other letters. The rules would not see such a field, and a server that is
    /// less exact than the one that was tried would.
    /// </summary>
    public static void Spelling(JsonObject owner, string field, string[] known, Check check, FindingList findings)
    {
        foreach (var (name, _) in owner)
        {
            if (
                !known.Contains(name, StringComparer.Ordinal)
                && known.FirstOrDefault(one => one.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } meant
            )
                findings.Add(check, $"{field}.{name}", $"is not spelled as Kubernetes does: write \"{meant}\"");
        }
    }
}
