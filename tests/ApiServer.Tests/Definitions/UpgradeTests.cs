using AgentReadiness.Api;
using AgentReadiness.Api.Schema;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>What one version's definitions stored, the next version's read and take back.</summary>
[Collection(ControlPlanes.Definitions)]
public sealed class UpgradeTests(ModernControlPlane plane)
{
    private const string Marker = "fieldOfToday";

    public static TheoryData<string> Releases =>
        [
            .. Directory
                .GetDirectories(Repository.PathOf("tests", "ApiServer.Tests", "Definitions", "released"))
                .Select(folder => Path.GetFileName(folder)),
        ];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task What_a_release_stored_is_read_and_changed_under_the_definitions_of_today(string version)
    {
        var group = $"v{version.Replace(".", "-", StringComparison.Ordinal)}.example.org";
        var ns = await plane.NamespaceAsync();
        foreach (var released in CrdFolder.Released(version))
        {
            var plural = CrdFolder.Plural(released);
            var type = new ResourceType(group, Names.Version, plural, string.Empty);
            var old = DefinitionTests.Renamed(released, group);
            // What was installed before 0.1.0 had a default that no server since 1.25 takes; who installed it there wrote it out by hand.
            foreach (var (_, node) in CrdFolder.Nodes(CrdFolder.Schema(old)).ToList())
                SchemaDefaults.Complete(node["default"], node);
            await plane.Crds.DefineAsync(old);
            var stored = await CreateAsync(type, ns, KindSamples.Of(plural, ns, group: group));

            var today = CrdFolder.Current.SingleOrDefault(file => CrdFolder.Plural(file) == plural);
            today.ShouldNotBeNull($"{plural} of {version} is gone: who upgrades loses these objects");
            var renamed = DefinitionTests.Renamed(today, group);
            CrdFolder.Schema(renamed)["properties"]!["spec"]!["properties"]![Marker] = new JsonObject
            {
                ["type"] = "string",
                ["default"] = "today",
            };
            await plane.Crds.Api.SendAsync(
                HttpMethod.Patch,
                $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.{group}",
                new JsonObject { ["spec"] = renamed["spec"]!.DeepClone() },
                "application/merge-patch+json",
                CancellationToken.None
            );
            var read = await ReadAsync(type, ns);
            Kept(stored["spec"]!, read["spec"]!, "spec");
            // Somebody who changes only a label sends back the rest as it was read.
            read["metadata"]!["labels"] = new JsonObject { ["changed"] = "yes" };
            var changed = await plane.Crds.Api.ReplaceAsync(type, ns, "support", read, CancellationToken.None);
            Kept(stored["spec"]!, changed["spec"]!, "spec");
        }
    }

    // The server begins to serve a definition a moment after it is established.
    private async Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await plane.Crds.Api.CreateAsync(type, ns, body, CancellationToken.None);
            }
            catch (KubernetesApiException exception) when (exception.IsNotFound && attempt < 100)
            {
                await Task.Delay(100);
            }
        }
    }

    // It obeys the new definition when it fills in the default of a field that only this one has.
    private async Task<JsonObject> ReadAsync(ResourceType type, string ns)
    {
        for (var attempt = 0; ; attempt++)
        {
            var read = (await plane.Crds.Api.GetAsync(type, ns, "support", CancellationToken.None))!;
            if (read["spec"]?[Marker] is not null)
                return read;
            attempt.ShouldBeLessThan(300, $"{type.Plural}: the new definition is not served");
            await Task.Delay(100);
        }
    }

    // Every value that was stored is still there; new defaults may have come.
    private static void Kept(JsonNode before, JsonNode? after, string path)
    {
        switch (before)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields)
                    Kept(value!, after?[name], $"{path}.{name}");
                break;
            case JsonArray items:
                (after as JsonArray ?? []).Count.ShouldBe(items.Count, path);
                for (var i = 0; i < items.Count; i++)
                    Kept(items[i]!, after![i], $"{path}[{i}]");
                break;
            default:
                (after?.ToJsonString()).ShouldBe(before.ToJsonString(), path);
                break;
        }
    }
}
