using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Cli.Validation;
using k8s;

namespace AgentReadiness.Cli;

/// <summary>An object of our kinds in a manifest, most often an AgentDeployment.</summary>
/// <param name="Namespace">The namespace as written, or the default one.</param>
/// <param name="Name">The name as written.</param>
/// <param name="Tree">The whole object as written.</param>
internal sealed record AgentManifest(string Namespace, string Name, JsonObject Tree)
{
    /// <summary>The typed AgentDeployment, read as the operator reads it.</summary>
    /// <exception cref="ManifestException">The object does not have the shape of an AgentDeployment.</exception>
    public AgentDeployment Typed()
    {
        if (ObjectCheck.Schema(Tree).Problems is [var problem, .. var others])
            throw new ManifestException(
                $"{Namespace}/{Name}: {problem.Path}: {problem.Message}"
                    + (others.Count == 0 ? string.Empty : $" (and {others.Count} more: kubectl agents check lists them)")
            );
        var readable = ObjectCheck.Readable(Tree);
        return readable.Unreadable is [var field, ..]
            ? throw new ManifestException($"{Namespace}/{Name}: {field}: the operator cannot read this value")
            : KubernetesJson.Deserialize<AgentDeployment>(readable.Tree.ToJsonString());
    }
}

/// <summary>The objects of a manifest that make revisions: agents and ConfigMaps.</summary>
internal sealed class Manifests
{
    private readonly Dictionary<(string Namespace, string Name), JsonObject> configMaps = [];
    private readonly string defaultNamespace;

    private Manifests(string defaultNamespace) => this.defaultNamespace = defaultNamespace;

    /// <summary>The agents, in their order.</summary>
    public List<AgentManifest> Agents { get; } = [];

    /// <summary>The objects of our kinds, agents included, in their order.</summary>
    public List<AgentManifest> Objects { get; } = [];

    /// <summary>Reads a manifest; kinds of others, except ConfigMaps, are passed over.</summary>
    /// <exception cref="ManifestException">It cannot be read.</exception>
    public static Manifests Read(ReadOnlySpan<byte> bytes, string defaultNamespace)
    {
        var manifests = new Manifests(defaultNamespace);
        foreach (var tree in ManifestReader.Read(bytes))
        {
            if (Text(tree["kind"]) is not { Length: > 0 } kind)
                throw new ManifestException("an object names no kind, so kubectl refuses the whole file: add apiVersion and kind");
            if (Text(tree["apiVersion"]) == $"{Names.Group}/{Names.Version}")
            {
                if (KindSchemas.Of(kind) is null)
                    throw new ManifestException(
                        $"{Names.Group}/{Names.Version} has no kind \"{kind}\"; known are {string.Join(", ", KindSchemas.Kinds)}"
                    );
                var (space, name) = manifests.Identity(tree);
                var known = new AgentManifest(space, name, tree);
                manifests.Objects.Add(known);
                if (kind == AgentDeployment.EntityKind)
                    manifests.Agents.Add(known);
            }
            else if (Is(tree, "v1", "ConfigMap"))
            {
                var identity = manifests.Identity(tree);
                if (!manifests.configMaps.TryAdd(identity, tree))
                    throw new ManifestException($"ConfigMap {identity.Namespace}/{identity.Name} is there twice");
            }
            else if (KindSchemas.Of(kind) is not null)
            {
                var article = kind[0] is 'A' or 'E' ? "an" : "a";
                throw new ManifestException($"apiVersion of {article} {kind} must be \"{Names.Group}/{Names.Version}\"");
            }
        }
        return manifests;
    }

    /// <summary>The revision of an agent.</summary>
    /// <exception cref="ManifestException">A ConfigMap is missing, or a field has a wrong type.</exception>
    public string RevisionOf(AgentManifest agent)
    {
        var spec = agent.Typed().Spec;
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var reference in ConfigMapReferences.Find(spec.Template))
        {
            if (configMaps.TryGetValue((agent.Namespace, reference.Name), out var tree))
                digests[reference.Name] = Content(tree, $"ConfigMap {agent.Namespace}/{reference.Name}").Digest();
            else if (!reference.Optional)
                throw new ManifestException(
                    $"{agent.Namespace}/{agent.Name} refers to the ConfigMap {agent.Namespace}/{reference.Name}, which is not in the "
                        + $"manifest: its content is a part of the revision"
                );
        }
        return Revision.Compute(spec, digests).Hash;
    }

    private static ConfigMapContent Content(JsonObject tree, string what) =>
        new(Values(tree["data"], $"{what}: data", text => text), Values(tree["binaryData"], $"{what}: binaryData", Base64));

    private static Dictionary<string, string> Values(JsonNode? node, string field, Func<string, string?> read)
    {
        if (node is null)
            return [];
        if (node is not JsonObject map)
            throw new ManifestException($"{field} must be a mapping");
        return map.ToDictionary(
            entry => entry.Key,
            // The API server reads null as an empty text.
            entry =>
                (
                    entry.Value is null ? string.Empty
                    : Text(entry.Value) is { } text ? read(text)
                    : null
                ) ?? throw new ManifestException($"{field}.{entry.Key} must be a text: put it in quotes"),
            StringComparer.Ordinal
        );
    }

    /// <summary>The API server decodes and encodes again, so line breaks in the text are gone on its side.</summary>
    private static string? Base64(string text)
    {
        try
        {
            return Convert.ToBase64String(Convert.FromBase64String(text));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private (string Namespace, string Name) Identity(JsonObject tree)
    {
        var metadata = tree["metadata"] as JsonObject ?? [];
        return (Text(metadata["namespace"]) is { Length: > 0 } space ? space : defaultNamespace, Text(metadata["name"]) ?? string.Empty);
    }

    private static bool Is(JsonObject tree, string apiVersion, string kind) =>
        Text(tree["apiVersion"]) == apiVersion && Text(tree["kind"]) == kind;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
