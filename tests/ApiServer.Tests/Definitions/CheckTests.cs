using AgentReadiness.Api;
using AgentReadiness.Cli.Validation;
using AgentReadiness.Contracts;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>kubectl agents check and a current API server take and refuse the same objects.</summary>
[Collection(ControlPlanes.Definitions)]
public sealed class CheckTests(ModernControlPlane plane)
{
    public static TheoryData<string> Kinds => [.. CrdFolder.Current.Select(CrdFolder.Plural)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_schema_part_of_check_and_the_server_agree_on_every_edit(string plural)
    {
        var definition = CrdFolder.Current.Single(file => CrdFolder.Plural(file) == plural);
        var ns = await plane.NamespaceAsync();
        var sample = SchemaSample.Of(definition, ns);
        (await RefusalAsync(plural, ns, sample)).ShouldBeNull();
        ObjectCheck.Schema(sample).Problems.ShouldBeEmpty();

        var edits = SpecMutations.Of(sample, CrdFolder.Schema(definition)).ToList();
        // Two at once: the faults of one place must not hide, or make, those of another.
        var random = new Random(16);
        var pairs = Enumerable
            .Range(0, 60)
            .Select(_ => (One: edits[random.Next(edits.Count)], Other: edits[random.Next(edits.Count)]))
            .Select(pair => new SpecMutation($"{pair.One} and {pair.Other}", tree => Both(tree, pair.One, pair.Other)));
        var refused = 0;
        var faults = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            edits.Concat(pairs),
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (edit, _) =>
            {
                var tree = (JsonObject)sample.DeepClone();
                edit.Apply(tree);
                var server = await RefusalAsync(plural, ns, tree);
                if (server is not null)
                    Interlocked.Increment(ref refused);
                var ours = ObjectCheck.Schema(tree).Problems;
                if (server is null != (ours.Count == 0) && !(server is null && ours.TrueForAll(problem => IsStricter(tree, problem))))
                    faults.Add($"{edit}: server: {server ?? "taken"}; check: {string.Join("; ", ours)}");
                // With the rules beside the schema nothing that the server refuses may pass, and nothing may throw.
                if (server is not null && ObjectCheck.Run(tree).Findings.Count == 0 && ours.Count > 0)
                    faults.Add($"{edit}: the rules hide what the schema refuses");
            }
        );

        faults.Order(StringComparer.Ordinal).ShouldBeEmpty($"{faults.Count} of {edits.Count + 60}");
        edits.Count.ShouldBeGreaterThan(60);
        refused.ShouldBeInRange(edits.Count / 4, edits.Count);
    }

    // The server takes a list where the schema has a format, because its check of types looks away from lists there. The operator cannot
    // read such a value, so check refuses it.
    private static bool IsStricter(JsonObject tree, SchemaProblem problem) =>
        problem.Kind == ProblemKind.Type
        && problem.Path.StartsWith("spec.", StringComparison.Ordinal)
        && tree.Field(problem.Path) is JsonArray;

    private static void Both(JsonObject tree, SpecMutation one, SpecMutation other)
    {
        one.Apply(tree);
        try
        {
            other.Apply(tree);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NullReferenceException or ArgumentOutOfRangeException)
        {
            // The first edit took away what the second one would change.
        }
    }

    private async Task<string?> RefusalAsync(string plural, string ns, JsonObject tree)
    {
        var type = new ResourceType(Names.Group, Names.Version, plural, string.Empty);
        try
        {
            await plane.Crds.Api.SendAsync(
                HttpMethod.Post,
                $"{type.Path(ns)}?fieldValidation=Strict&dryRun=All",
                // As kubectl sends it: 1.0 is 1.
                JsonNode.Parse(CanonicalJson.Serialize(tree)),
                "application/json",
                CancellationToken.None
            );
            return null;
        }
        catch (KubernetesApiException exception)
        {
            return exception.Message;
        }
    }
}
