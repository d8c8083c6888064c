using AgentReadiness.Api;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>A current server obeys each CEL rule of each definition: what breaks one is refused with its message.</summary>
[Collection(ControlPlanes.Definitions)]
public sealed class RuleTests(ModernControlPlane plane)
{
    private static readonly IReadOnlyList<(string Rule, string Message)> Rules =
    [
        .. CrdFolder.Current.SelectMany(definition =>
            CrdFolder
                .Nodes(CrdFolder.Schema(definition))
                .SelectMany(found =>
                    (found.Node["x-kubernetes-validations"] as JsonArray ?? []).Select(rule =>
                        (
                            $"{CrdFolder.Plural(definition)} {found.Path}: {rule!["rule"]!.GetValue<string>()}",
                            rule["message"]!.GetValue<string>()
                        )
                    )
                )
        ),
    ];

    public static TheoryData<int> Pairs => [.. Enumerable.Range(0, RulePair.All.Count)];

    [Fact]
    public void Every_rule_of_the_files_has_a_pair_of_values_and_no_pair_is_left_over()
    {
        var rules = Rules.Select(rule => rule.Rule).ToList();

        rules.Count.ShouldBeGreaterThanOrEqualTo(14);
        RulePair.All.Select(pair => pair.ToString()).Distinct().Order().ShouldBe(rules.Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task What_obeys_is_taken_and_what_breaks_the_rule_is_refused_with_its_message(int index)
    {
        var pair = RulePair.All[index];
        var message = Rules.First(rule => rule.Rule == pair.ToString()).Message;
        var type = new ResourceType(Names.Group, Names.Version, pair.Plural, string.Empty);
        var ns = await plane.NamespaceAsync();
        var sample = KindSamples.Of(pair.Plural, ns);
        var (sound, broken) = ((JsonObject)sample.DeepClone(), (JsonObject)sample.DeepClone());
        Samples.Set(sound, pair.Field, JsonNode.Parse(pair.Sound));
        Samples.Set(broken, pair.Field, JsonNode.Parse(pair.Broken));

        async Task<JsonObject> WriteAsync(JsonObject body)
        {
            if (!pair.IsAboutChanges)
                return await plane.Crds.Api.CreateAsync(type, ns, body, CancellationToken.None);
            return await plane.Crds.Api.MergePatchAsync(
                type,
                ns,
                "support",
                null,
                new JsonObject { ["spec"] = body["spec"]!.DeepClone() },
                CancellationToken.None
            );
        }
        if (pair.IsAboutChanges)
            await plane.Crds.Api.CreateAsync(type, ns, sample, CancellationToken.None);

        var refused = await Should.ThrowAsync<KubernetesApiException>(() => WriteAsync(broken), $"{pair}: taken with {pair.Broken}");
        refused.IsInvalid.ShouldBeTrue(refused.Message);
        refused.Message.ShouldContain(message);
        refused.Message.ShouldNotContain("no such key");
        await WriteAsync(sound);
    }
}
