using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Api.Schema;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;
using k8s;

namespace AgentReadiness.Cli.Validation;

/// <summary>Checks an object of our kinds by its schema and by the operator's rules, all at once.</summary>
internal static class ObjectCheck
{
    // The API server appends five letters to as much of generateName.
    private const int MaxGeneratedPrefix = 58;

    // The serializer's own limit, with which the operator reads objects too.
    private const int MostLevels = 64;

    /// <summary>What the schema alone says.</summary>
    /// <param name="tree">The object as written.</param>
    public static SchemaWalk Schema(JsonObject tree)
    {
        var schema = SchemaOf(tree);
        var whole = Completed(tree);
        var walk = new SchemaWalk();
        // A server takes no status from people: it looks at the fields alone.
        var status = whole["status"];
        whole.Remove("status");
        MetadataCheck.Check(whole["metadata"], walk);
        // A rule of the object may read its metadata, which the definition does not describe.
        var open = (JsonObject)schema.DeepClone();
        open["properties"]!["metadata"] = new JsonObject { ["x-kubernetes-preserve-unknown-fields"] = true };
        open["properties"]!.AsObject().Remove("status");
        if (whole["metadata"] is not JsonObject || walk.Problems.Exists(problem => problem.Path == "metadata.name"))
            open.Remove("x-kubernetes-validations");
        whole["metadata"] ??= new JsonObject();
        walk.Value(whole, open, string.Empty);
        if (TooDeep(whole) is { } deep)
            walk.Add(ProblemKind.Value, deep, $"nests too deep: the operator reads {MostLevels} levels of an object");
        if (status is not null)
        {
            var ignored = new SchemaWalk();
            ignored.Value(status, schema["properties"]!["status"]!.AsObject(), "status");
            walk.Problems.AddRange(ignored.Problems.Where(problem => problem.Kind == ProblemKind.Unknown));
        }
        return walk;
    }

    /// <summary>Everything that can be told.</summary>
    /// <param name="tree">The object as written; its kind is one of <see cref="KindSchemas"/>.</param>
    public static ObjectReport Run(JsonObject tree)
    {
        var walk = Schema(tree);
        var readable = Readable(tree);
        var findings = new FindingList();
        foreach (var field in readable.Unreadable)
            findings.Add(ManifestChecks.FieldType, field, "the operator cannot read this time: write it as \"2030-01-31T12:00:00Z\"");
        var rules = (TooDeep(readable.Tree) is null ? Rules(readable.Tree) : [])
            .Where(finding => !readable.IsBroken(finding.Field))
            .ToList();
        foreach (var problem in walk.Problems)
        {
            // The operator's rule says the same in other words, with an ID of its own.
            if (problem.Kind is ProblemKind.Value or ProblemKind.Rule && rules.Any(rule => Paths.IsWithin(rule.Field, problem.Path)))
                continue;
            findings.Add(
                problem.Kind switch
                {
                    ProblemKind.Unknown => ManifestChecks.KnownField,
                    ProblemKind.Missing => ManifestChecks.RequiredField,
                    _ => ManifestChecks.FieldType,
                },
                problem.Path,
                problem.Message
            );
        }
        foreach (var rule in rules)
            findings.Add(rule.Check, rule.Field, rule.Message);
        var hints = PodHints.Of(tree).Where(hint => !findings.Any(finding => finding.Field == hint.Path));
        return new ObjectReport(findings, [.. hints.Select(hint => $"{hint.Path}: {hint.Message}")], walk.Unchecked);
    }

    /// <summary>An object as the operator reads it.</summary>
    public static ReadableObject Readable(JsonObject tree) => ReadableObject.Of(Completed(tree), SchemaOf(tree));

    /// <summary>
    /// The field, at most two levels down, below which an object nests deeper than the operator reads; null where it does not.
    /// </summary>
    private static string? TooDeep(JsonObject tree)
    {
        static int Depth(JsonNode? node) =>
            node switch
            {
                JsonObject map => 1 + map.Select(member => Depth(member.Value)).DefaultIfEmpty().Max(),
                JsonArray list => 1 + list.Select(Depth).DefaultIfEmpty().Max(),
                _ => 0,
            };
        foreach (var (name, value) in tree)
        {
            if (1 + Depth(value) <= MostLevels)
                continue;
            var inner = (value as JsonObject ?? []).FirstOrDefault(member => 2 + Depth(member.Value) > MostLevels).Key;
            return inner is null ? name : SchemaWalk.Member(name, inner);
        }
        return null;
    }

    // As the API server does before it validates.
    private static JsonObject Completed(JsonObject tree)
    {
        var whole = (JsonObject)tree.DeepClone();
        if (
            whole["metadata"] is JsonObject metadata
            && (metadata["name"]?.ToString() ?? string.Empty).Length == 0
            && metadata["generateName"] is JsonValue prefix
            && prefix.TryGetValue<string>(out var begin)
            && begin.Length > 0
        )
            metadata["name"] = begin[..Math.Min(begin.Length, MaxGeneratedPrefix)] + "xxxxx";
        SchemaDefaults.Complete(whole, SchemaOf(tree));
        return whole;
    }

    private static JsonObject SchemaOf(JsonObject tree) => KindSchemas.Of(tree["kind"]!.GetValue<string>())!;

    private static IReadOnlyList<Finding> Rules(JsonObject tree) =>
        tree["kind"]!.GetValue<string>() switch
        {
            AgentDeployment.EntityKind => AgentDeploymentRules.Check(KubernetesJson.Deserialize<AgentDeployment>(tree.ToJsonString())),
            AgentBudget.EntityKind => BudgetRules.Check(KubernetesJson.Deserialize<AgentBudget>(tree.ToJsonString())),
            EvalSuite.EntityKind => EvalSuiteRules.Check(KubernetesJson.Deserialize<EvalSuite>(tree.ToJsonString()).Spec),
            // The operator has no rule for them that their schema does not have.
            _ => [],
        };
}
