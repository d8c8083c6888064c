using System.Text.Json.Serialization.Metadata;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// A document that operator and guardrail exchange, with every field in it, as a release wrote it. The files are in Skew/released.
/// </summary>
internal sealed record WireForm(string Name, JsonTypeInfo Type)
{
    /// <summary>What to do where a test of these finds a difference.</summary>
    public const string Remedy =
        "Operator and guardrail may be one version apart (docs/upgrades.md). A field that a release wrote keeps its name, its place "
        + "and its form as long as the version before or after it reads it; a new one is optional, is listed in SkewTests with what it "
        + "means when it is absent, and lets no money go then.";

    public static readonly IReadOnlyList<WireForm> All =
    [
        new("grant-request", ContractsJson.Default.GrantRequest),
        new("grant-answer", ContractsJson.Default.GrantResponse),
        new("termination-message", ContractsJson.Default.FinalReports),
        new("guardrail-config", ContractsJson.Default.GuardrailConfig),
    ];

    public static IReadOnlyList<string> Releases { get; } =
    [
        .. Directory
            .GetDirectories(Repository.PathOf("tests", "Controller.Tests", "Skew", "released"))
            .Select(folder => Path.GetFileName(folder))
            .Order(Comparer<string>.Create((a, b) => Version.Parse(a).CompareTo(Version.Parse(b)))),
    ];

    public static WireForm Of(string name) => All.Single(form => form.Name == name);

    public static string PathOf(string version, string name) =>
        Repository.PathOf("tests", "Controller.Tests", "Skew", "released", version, $"{name}.json");

    /// <summary>As a release wrote it.</summary>
    public JsonObject Released(string version) => (JsonObject)JsonNode.Parse(File.ReadAllText(PathOf(version, Name)))!;

    /// <summary>As the newest release wrote it.</summary>
    public JsonObject Newest() => Released(Releases[^1]);

    /// <summary>As the newest release wrote it, with the fields that came since: those of the file in Skew/added.</summary>
    public JsonObject Whole()
    {
        var whole = Newest();
        var path = Repository.PathOf("tests", "Controller.Tests", "Skew", "added", $"{Name}.json");
        if (File.Exists(path))
            foreach (var (name, value) in (JsonObject)JsonNode.Parse(File.ReadAllText(path))!)
                whole[name] = value?.DeepClone();
        return whole;
    }

    /// <summary>Read by the programs of today, and written again.</summary>
    public JsonObject Again(JsonNode document) =>
        (JsonObject)JsonSerializer.SerializeToNode(JsonSerializer.Deserialize(document.ToJsonString(), Type)!, Type)!;

    /// <summary>Every field that the types know, as "overruns[].rule", and whether a document must have it.</summary>
    public IReadOnlyDictionary<string, bool> Fields()
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        Walk(Type, string.Empty, found);
        return found;
    }

    /// <summary>Every object in a document.</summary>
    public static IEnumerable<JsonObject> Objects(JsonNode? node) =>
        node switch
        {
            JsonObject fields => [fields, .. fields.SelectMany(field => Objects(field.Value))],
            JsonArray items => items.SelectMany(Objects),
            _ => [],
        };

    /// <summary>Every field in a document: its path, and the object that it is in.</summary>
    public static IEnumerable<(string Path, JsonObject Parent, string Name)> Places(JsonNode? node, string path = "") =>
        node switch
        {
            JsonObject fields => fields.SelectMany(field =>
                ((string, JsonObject, string)[])[(Join(path, field.Key), fields, field.Key), .. Places(field.Value, Join(path, field.Key))]
            ),
            JsonArray items => items.SelectMany(item => Places(item, $"{path}[]")),
            _ => [],
        };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static void Walk(JsonTypeInfo type, string path, Dictionary<string, bool> found)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            Walk(ContractsJson.Default.GetTypeInfo(type.ElementType!)!, $"{path}[]", found);
        foreach (var property in type.Properties)
        {
            found.Add(Join(path, property.Name), property.IsRequired);
            Walk(ContractsJson.Default.GetTypeInfo(property.PropertyType)!, Join(path, property.Name), found);
        }
    }
}
