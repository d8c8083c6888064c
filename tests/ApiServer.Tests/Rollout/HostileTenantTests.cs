using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What one tenant stores is that tenant's problem: the agents of the others go on.</summary>
[Collection(ControlPlanes.Hostile)]
public sealed class HostileTenantTests(ControlPlane plane)
{
    // What the chart's limit of 512 MiB leaves for .NET's heap.
    private const string HeapLimit = "0x18000000";
    private const int Objects = 50;
    private const int Large = 220;

    [Fact]
    public async Task Objects_that_cannot_be_read_and_a_namespace_full_of_data_stop_nobody_else()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 0);
        var evil = await plane.NamespaceAsync();
        var content = new string('x', 1000 * 1000);
        for (var i = 0; i < Large; i++)
            await CreateAsync(ConfigMapView.Resource, evil, $"large-{i}", new JsonObject { ["data"] = new JsonObject { ["x"] = content } });
        for (var i = 0; i < Objects; i++)
            await CreateAsync(Witness.Agents, evil, $"odd-{i}", Odd(i));

        await using var one = new OperatorProcess(world.Options("one"), plane.WriteKubeconfig(world.Folder), heapLimit: HeapLimit);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        for (var i = 0; i < Objects; i++)
        {
            var name = $"odd-{i}";
            await Eventually(
                async () => await StalledAsync(evil, name) is { } stalled && stalled.Text("reason") == Reasons.Undecodable,
                one
            );
            (await StalledAsync(evil, name)).Text("message").ShouldStartWith(i % 2 == 0 ? "spec.template: " : "spec.budget: ");
        }

        // All of it within the memory that the chart gives it; so nothing of what was listed was ever whole in memory.
        ProcFigures.Memory(one.Id, "VmHWM").ShouldBeLessThan(512);

        // Events that come by the watch, after the list: the same holds.
        await CreateAsync(Witness.Agents, evil, "late", Odd(0));
        await world.ApplyAgentAsync("support", "agent:2");
        await world.UntilServesAsync("support", "agent:2");
        await Eventually(async () => await StalledAsync(evil, "late") is not null, one);

        // Who mends the object is served like anybody else.
        await plane.Api.JsonPatchAsync(
            Witness.Agents,
            evil,
            "late",
            [new JsonObject { ["op"] = "remove", ["path"] = "/spec/template/deep" }],
            CancellationToken.None
        );
        await Eventually(async () => (await StalledAsync(evil, "late")).Text("reason") != Reasons.Undecodable, one);
    }

    private static JsonObject Odd(int number)
    {
        var agent = Samples.Agent("any", "any");
        if (number % 2 == 0)
        {
            JsonNode deep = 1;
            for (var i = 0; i < 70 + number; i++)
                deep = new JsonObject { ["a"] = deep };
            agent["spec"]!["template"]!["deep"] = deep;
        }
        else
        {
            agent["spec"]!["budget"] = new JsonObject
            {
                ["windows"] = new JsonArray(
                    new JsonObject
                    {
                        ["period"] = "Day",
                        ["maxCost"] = "1",
                        ["resumedAt"] = "2026-11-24t20:00:00z",
                    }
                ),
            };
        }
        return new JsonObject { ["spec"] = agent["spec"]!.DeepClone() };
    }

    private async Task<JsonNode?> StalledAsync(string ns, string name)
    {
        var agent = await plane.Api.GetAsync(Witness.Agents, ns, name, CancellationToken.None);
        return agent.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == ConditionTypes.Stalled);
    }

    private Task CreateAsync(ResourceType type, string ns, string name, JsonObject body)
    {
        body["apiVersion"] = type.ApiVersion;
        body["kind"] = type.Kind;
        body["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns };
        return plane.Api.CreateAsync(type, ns, body, CancellationToken.None);
    }

    private static async Task Eventually(Func<Task<bool>> isSo, OperatorProcess process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            limit.IsCancellationRequested.ShouldBeFalse(process.Log);
            await Task.Delay(100);
        }
    }
}
