using AgentReadiness.Cli;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>CustomResourceDefinitions as they lie in a folder of the repository.</summary>
internal static class CrdFolder
{
    /// <summary>Those that users apply.</summary>
    public static IReadOnlyList<JsonObject> Current => Read("crds");

    /// <summary>Those of a release.</summary>
    public static IReadOnlyList<JsonObject> Released(string version) =>
        Read("tests", "ApiServer.Tests", "Definitions", "released", version);

    /// <summary>The plural name of a definition.</summary>
    public static string Plural(JsonObject definition) => definition["spec"]!["names"]!["plural"]!.GetValue<string>();

    /// <summary>The schema of a definition's one version.</summary>
    public static JsonObject Schema(JsonObject definition) =>
        definition["spec"]!["versions"]!.AsArray().Single()!["schema"]!["openAPIV3Schema"]!.AsObject();

    /// <summary>Each node of a schema with its path, such as "spec.evals[].repeats"; the root's is empty.</summary>
    public static IEnumerable<(string Path, JsonObject Node)> Nodes(JsonObject schema, string path = "")
    {
        yield return (path, schema);
        var below = (schema["properties"]?.AsObject() ?? [])
            .Select(property => (path.Length == 0 ? property.Key : $"{path}.{property.Key}", property.Value!.AsObject()))
            .ToList();
        if (schema["items"] is JsonObject items)
            below.Add(($"{path}[]", items));
        if (schema["additionalProperties"] is JsonObject values)
            below.Add(($"{path}{{}}", values));
        foreach (var found in below.SelectMany(child => Nodes(child.Item2, child.Item1)))
            yield return found;
    }

    private static List<JsonObject> Read(params string[] folder) =>
        [
            .. Directory
                .GetFiles(Repository.PathOf(folder), "*.yaml")
                .Order(StringComparer.Ordinal)
                .Select(file => ManifestReader.Read(File.ReadAllText(file)).Single()),
        ];
}
