using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentReadiness.Cli.Validation;

/// <summary>What every API server says of metadata, which no definition of a kind holds.</summary>
internal static partial class MetadataCheck
{
    private const int MaxAnnotations = 256 * 1024;

    private static readonly JsonObject Schema = (JsonObject)
        JsonNode.Parse(
            """
            {"type": "object", "properties": {
              "name": {"type": "string"}, "generateName": {"type": "string"}, "namespace": {"type": "string"},
              "selfLink": {"type": "string"},
              "uid": {"type": "string"}, "resourceVersion": {"type": "string"}, "generation": {"type": "integer", "format": "int64"},
              "creationTimestamp": {"type": "string", "format": "date-time"},
              "deletionTimestamp": {"type": "string", "format": "date-time"},
              "deletionGracePeriodSeconds": {"type": "integer", "format": "int64"},
              "labels": {"type": "object", "additionalProperties": {"type": "string"}},
              "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
              "finalizers": {"type": "array", "items": {"type": "string"}},
              "ownerReferences": {"type": "array", "items": {"type": "object", "required": ["apiVersion", "kind", "name", "uid"],
                "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"},
                  "uid": {"type": "string"}, "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}}},
              "managedFields": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}
            """
        )!;

    /// <summary>Checks an object's metadata.</summary>
    public static void Check(JsonNode? metadata, SchemaWalk walk)
    {
        if (metadata is not JsonObject map)
        {
            walk.Add(ProblemKind.Type, "metadata", "must be an object");
            return;
        }
        // Decoding takes null for every field as if it were absent, and for every label as if it were empty.
        var present = new JsonObject(
            map.Where(field => field.Value is not null).Select(field => KeyValuePair.Create(field.Key, WithoutNulls(field.Value)))
        );
        walk.Value(present, Schema, "metadata");
        if (Text(map["name"]) is { Length: > 0 } name ? !IsSubdomain(name) : Text(map["generateName"]) is not { Length: > 0 })
            walk.Add(
                ProblemKind.Value,
                "metadata.name",
                "must be a DNS name: lower case letters, digits, \"-\" and \".\", at most 253 characters, "
                    + "beginning and ending with a letter or digit"
            );
        if (Text(map["generateName"]) is { Length: > 0 } prefix && !IsSubdomain(WithoutDash(prefix)))
            walk.Add(
                ProblemKind.Value,
                "metadata.generateName",
                "must be the begin of a DNS name: lower case letters, digits, \"-\" and \".\", at most 253 characters"
            );
        foreach (var (key, value) in map["labels"] as JsonObject ?? [])
        {
            Key(key, "metadata.labels", walk);
            if (Text(value) is { } text && !LabelValue().IsMatch(text))
                walk.Add(
                    ProblemKind.Value,
                    $"metadata.labels.{key}",
                    "must be empty, or at most 63 letters, digits, \"-\", \"_\" and \".\" that begin and end with a letter or digit"
                );
        }
        foreach (var (finalizer, index) in (map["finalizers"] as JsonArray ?? []).Select((one, index) => (Text(one), index)))
        {
            if (finalizer is not null)
                Key(finalizer, $"metadata.finalizers[{index}]", walk, isKey: false);
        }
        Owners(map["ownerReferences"] as JsonArray ?? [], walk);
        var size = 0;
        foreach (var (key, value) in map["annotations"] as JsonObject ?? [])
        {
            Key(key, "metadata.annotations", walk);
            size += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(Text(value) ?? string.Empty);
        }
        if (size > MaxAnnotations)
            walk.Add(ProblemKind.Value, "metadata.annotations", $"has {size} bytes and may have at most {MaxAnnotations}");
    }

    // What ValidateOwnerReferences of k8s.io/apimachinery refuses.
    private static void Owners(JsonArray owners, SchemaWalk walk)
    {
        var controllers = 0;
        for (var i = 0; i < owners.Count; i++)
        {
            if (owners[i] is not JsonObject owner)
                continue;
            foreach (var member in (string[])["apiVersion", "kind", "name", "uid"])
            {
                if (Text(owner[member]) is { Length: 0 })
                    walk.Add(ProblemKind.Value, $"metadata.ownerReferences[{i}].{member}", "must not be empty");
            }
            if (Text(owner["apiVersion"]) is { Length: > 0 } version)
            {
                if (version.Split('/') is not ([_] or [_, { Length: > 0 }]))
                    walk.Add(ProblemKind.Value, $"metadata.ownerReferences[{i}].apiVersion", "must be VERSION or GROUP/VERSION");
                else if (version == "v1" && Text(owner["kind"]) == "Event")
                    walk.Add(ProblemKind.Value, $"metadata.ownerReferences[{i}]", "an Event owns nothing");
            }
            if (owner["controller"]?.GetValueKind() == JsonValueKind.True && ++controllers == 2)
                walk.Add(ProblemKind.Value, "metadata.ownerReferences", "only one owner may have controller: true");
        }
    }

    private static void Key(string key, string path, SchemaWalk walk, bool isKey = true)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        // An annotation's key is compared in lower case.
        var prefix = path == "metadata.annotations" ? key.ToLowerInvariant() : key;
        if ((slash >= 0 && !IsSubdomain(prefix[..slash])) || !QualifiedName().IsMatch(key[(slash + 1)..]))
            walk.Add(
                ProblemKind.Value,
                isKey ? $"{path}.{key}" : path,
                (isKey ? "the key" : "a finalizer")
                    + " must be at most 63 letters, digits, \"-\", \"_\" and \".\", with a DNS name and \"/\" before it "
                    + "where it has a prefix"
            );
    }

    // The API server looks at a prefix as if its last dash, and what stands before it, were a letter.
    private static string WithoutDash(string prefix) => prefix.Length > 1 && prefix.EndsWith('-') ? prefix[..^2] + "a" : prefix;

    private static JsonNode? WithoutNulls(JsonNode? field) =>
        field is JsonObject map
            ? new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)(entry.Value?.DeepClone() ?? string.Empty))))
            : field?.DeepClone();

    private static bool IsSubdomain(string name) => name.Length <= 253 && Subdomain().IsMatch(name);

    private static string? Text(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\z")]
    private static partial Regex LabelValue();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]\z")]
    private static partial Regex QualifiedName();
}
