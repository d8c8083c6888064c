using System.Text.Json.Nodes;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// The definitions of our kinds as users apply them: the files of <c>crds/</c>, which are in this program. There is no second list of what
/// a field may be.
/// </summary>
internal static class KindSchemas
{
    private static readonly Lazy<Dictionary<string, JsonObject>> Schemas = new(() =>
        typeof(KindSchemas)
            .Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("crds/", StringComparison.Ordinal))
            .Select(Definition)
            .ToDictionary(
                definition => definition["spec"]!["names"]!["kind"]!.GetValue<string>(),
                definition => definition["spec"]!["versions"]!.AsArray().Single()!["schema"]!["openAPIV3Schema"]!.AsObject(),
                StringComparer.Ordinal
            )
    );

    /// <summary>The kinds, by name.</summary>
    public static IReadOnlyCollection<string> Kinds => Schemas.Value.Keys;

    /// <summary>The schema of a kind's one version; null where the kind is not ours.</summary>
    public static JsonObject? Of(string kind) => Schemas.Value.GetValueOrDefault(kind);

    private static JsonObject Definition(string resource)
    {
        using var stream = typeof(KindSchemas).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return ManifestReader.Read(reader.ReadToEnd()).Single();
    }
}
