using AgentReadiness.Api;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// The platform's prices on a real API server: they reach every guardrail, broken ones reach none, and who wrote them learns it.
/// </summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class PriceTests(ModernControlPlane plane)
{
    private static readonly ResourceType Events = new(string.Empty, "v1", "events", "Event");

    [Fact]
    public async Task Prices_follow_their_ConfigMap_into_every_guardrail_and_broken_ones_stay_out()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 2, prices: "prices");
        world.Kubelet.Score("agent:bad", 50);
        await world.ApplyAgentAsync("served", "agent:1");
        await world.UntilServesAsync("served", "agent:1");
        await world.ApplyAgentAsync("stays", "agent:1");
        await world.UntilServesAsync("stays", "agent:1");
        await world.ApplyAgentAsync("stays", "agent:bad");
        await world.UntilHeldAsync("stays", "agent:bad", "agent:1");
        await UntilToldAsync(world, PriceReasons.NotFound, "Warning", "create it");
        Prices(world).Values.ShouldAllBe(prices => prices == null);

        await SetAsync(world, Text("1"));
        await UntilAllHaveAsync(world, Text("1"));
        await UntilToldAsync(world, PriceReasons.Applied, "Normal", "1 price rules");
        await world.BeQuietAsync();

        await SetAsync(world, Text("1").Replace("input", "imput", StringComparison.Ordinal));
        await UntilToldAsync(world, PriceReasons.Invalid, "Warning", "openai/gpt-5: prices[0].imput: there is no such field");
        await world.BeQuietAsync();
        Prices(world).Values.ShouldAllBe(prices => prices == Text("1"));

        // Nobody is left who saw the good file, and who comes has its prices all the same.
        foreach (var replica in world.Replicas)
            replica.Kill();
        await world.AddReplicaAsync();
        await world.LeaderAsync();
        await world.BeQuietAsync();
        Prices(world).Values.ShouldAllBe(prices => prices == Text("1"));

        await SetAsync(world, Text("2"));
        await UntilAllHaveAsync(world, Text("2"));
        await world.BeQuietAsync();
        world.ShouldHaveServed("served", "agent:1");
        world.ShouldHaveServed("stays", "agent:1");
    }

    private static string Text(string input) =>
        $$"""{"providers":[{"id":"openai","models":[{"id":"gpt-5","equals":["gpt-5"],"prices":[{"input":"{{input}}","output":"2"}]}]}]}""";

    private static Task SetAsync(RolloutWorld world, string text) =>
        world.Api.ApplyAsync(
            ConfigMapView.Resource,
            world.Ns,
            "prices",
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = "prices", ["namespace"] = world.Ns },
                ["data"] = new JsonObject { [GuardrailPrices.Key] = text },
            },
            CancellationToken.None
        );

    // What a guardrail mounts, of whatever revision.
    private static Dictionary<string, string?> Prices(RolloutWorld world) =>
        world
            .Witness.All(ConfigMapView.Resource)
            .Where(map => map.Label(Names.TrackLabel) is not null)
            .ToDictionary(map => map.Name, map => map.Object.Text("data", GuardrailPrices.Key));

    // Sooner than a new leader, which looks at every agent anyway, could have brought them.
    private static Task UntilAllHaveAsync(RolloutWorld world, string text) =>
        world.UntilAsync(
            "the prices everywhere",
            () => Prices(world) is { Count: >= 2 } all && all.Values.All(prices => prices == text),
            seconds: 10
        );

    private static async Task UntilToldAsync(RolloutWorld world, string reason, string type, string message)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var list = await world.Api.SendAsync(HttpMethod.Get, Events.Path(world.Ns), null, null, limit.Token);
            if (
                list.Items("items")
                    .Any(item =>
                        item.Text("reason") == reason
                        && item.Text("type") == type
                        && item.Text("involvedObject", "name") == "prices"
                        && item.Text("involvedObject", "kind") == "ConfigMap"
                        && item.Text("message")!.Contains(message, StringComparison.Ordinal)
                    )
            )
                return;
            await Task.Delay(200, limit.Token);
        }
    }
}
