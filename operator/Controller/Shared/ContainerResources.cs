using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Shared;

/// <summary>The resources of a container that the operator makes: names of resources with their quantities. Pure.</summary>
/// <param name="Requests">What is reserved.</param>
/// <param name="Limits">The most.</param>
public sealed partial record ContainerResources(IReadOnlyDictionary<string, string> Requests, IReadOnlyDictionary<string, string> Limits)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Of a guardrail where nobody says otherwise.</summary>
    public static readonly ContainerResources Guardrail = Of("10m", "48Mi", "256Mi");

    /// <summary>Of a runner and of the reporter beside it where nobody says otherwise.</summary>
    public static readonly ContainerResources Runner = Of("50m", "64Mi", "512Mi");

    /// <summary>Reads an object with requests and limits.</summary>
    /// <param name="text">JSON; quantities are strings or numbers.</param>
    /// <exception cref="FormatException">It is something else; the message says what.</exception>
    public static ContainerResources Parse(string text)
    {
        JsonObject root;
        try
        {
            root =
                JsonNode.Parse(text, documentOptions: Strict) as JsonObject
                ?? throw new FormatException("is not an object with requests and limits");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"is not JSON: {exception.Message}", exception);
        }
        foreach (var (name, _) in root)
        {
            if (name is not ("requests" or "limits"))
                throw new FormatException($"has a member \"{name}\"; requests and limits are known");
        }
        return new ContainerResources(Amounts(root, "requests"), Amounts(root, "limits"));
    }

    /// <summary>These, and for each resource of which the other names a request or a limit, those alone.</summary>
    /// <remarks>A request of the one beside a limit of the other could be above it, and the API server would refuse the pod.</remarks>
    public ContainerResources With(ResourcesSpec? own)
    {
        var (requests, limits) = (Named(own?.Requests), Named(own?.Limits));
        bool IsOwn(string name) => requests.ContainsKey(name) || limits.ContainsKey(name);
        return new ContainerResources(
            Join(Requests.Where(entry => !IsOwn(entry.Key)), requests),
            Join(Limits.Where(entry => !IsOwn(entry.Key)), limits)
        );
    }

    /// <summary>As in a container; always in the same order.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        foreach (var (name, amounts) in new[] { ("requests", Requests), ("limits", Limits) })
        {
            if (amounts.Count > 0)
                json[name] = new JsonObject(
                    amounts
                        .OrderBy(entry => entry.Key, StringComparer.Ordinal)
                        .Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))
                );
        }
        return json;
    }

    /// <summary>The JSON of <see cref="ToJson"/>: two are the same where their texts are.</summary>
    public override string ToString() => ToJson().ToJsonString();

    private static ContainerResources Of(string cpu, string memory, string most) =>
        new(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["cpu"] = cpu, ["memory"] = memory },
            new Dictionary<string, string>(StringComparer.Ordinal) { ["memory"] = most }
        );

    private static Dictionary<string, string> Amounts(JsonObject root, string member)
    {
        if (root[member] is not { } node)
            return [];
        if (node is not JsonObject amounts)
            throw new FormatException($"has {member} that are no object");
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in amounts)
        {
            var quantity = value?.GetValueKind() switch
            {
                JsonValueKind.String => value.GetValue<string>(),
                JsonValueKind.Number => value.ToJsonString(),
                _ => string.Empty,
            };
            if (!Quantity().IsMatch(quantity))
                throw new FormatException($"has {member}.{name} {value?.ToJsonString() ?? "null"}, which is no quantity such as 64Mi");
            result[name] = quantity;
        }
        return result;
    }

    private static Dictionary<string, string> Named(ResourceAmounts? amounts) =>
        new[] { ("cpu", amounts?.Cpu), ("memory", amounts?.Memory), ("ephemeral-storage", amounts?.EphemeralStorage) }
            .Where(entry => entry.Item2 is not null)
            .ToDictionary(entry => entry.Item1, entry => entry.Item2!, StringComparer.Ordinal);

    private static Dictionary<string, string> Join(
        IEnumerable<KeyValuePair<string, string>> kept,
        IEnumerable<KeyValuePair<string, string>> own
    ) => kept.Concat(own).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?([eE][0-9]+|n|u|m|k|[MGTPE]|[KMGTPE]i)?\z")]
    private static partial Regex Quantity();
}
