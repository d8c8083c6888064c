using AgentReadiness.Api;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What one tenant stores is that tenant's problem: the agents of the others go on.</summary>
[Collection(ControlPlanes.Hostile)]
public sealed class HostileTenantTests(ControlPlane plane, ITestOutputHelper output)
{
    // What the chart's limit of 512 MiB leaves for .NET's heap.
    private const string HeapLimit = "0x18000000";
    private const int Objects = 50;

    // 2,000 of them are measured in docs/security.md: they take a minute to make and 4 GB of disk.
    private static readonly int Large = int.Parse(
        Environment.GetEnvironmentVariable("AGENT_READINESS_CONFIGMAPS") ?? "400",
        CultureInfo.InvariantCulture
    );

    [Fact]
    public async Task Objects_that_cannot_be_read_and_a_namespace_full_of_data_stop_nobody_else()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 0);
        var evil = await plane.NamespaceAsync();
        var began = TimeProvider.System.GetTimestamp();
        var content = new string('x', 1000 * 1000);
        await Parallel.ForAsync(
            0,
            Large,
            async (i, _) =>
                await CreateAsync(
                    ConfigMapView.Resource,
                    evil,
                    $"large-{i}",
                    new JsonObject { ["data"] = new JsonObject { ["x"] = content } }
                )
        );
        for (var i = 0; i < Objects; i++)
            await CreateAsync(Witness.Agents, evil, $"odd-{i}", Odd(i));

        output.WriteLine(
            $"{Large} ConfigMaps of 1 MB and {Objects} odd objects after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s"
        );
        var options = world.Options("one");
        var started = TimeProvider.System.GetTimestamp();
        await using var one = new OperatorProcess(options, plane.WriteKubeconfig(world.Folder), heapLimit: HeapLimit);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1", seconds: 120);
        var served = TimeProvider.System.GetElapsedTime(started);
        for (var i = 0; i < Objects; i++)
        {
            var name = $"odd-{i}";
            await Eventually(
                async () => await StalledAsync(evil, name) is { } stalled && stalled.Text("reason") == Reasons.Undecodable,
                one
            );
            (await StalledAsync(evil, name)).Text("message").ShouldStartWith(i % 2 == 0 ? "spec.template: " : "spec.budget: ");
        }

        // Beside all that, strangers send tokens that nobody made, and the agent's pods get their money.
        await world.ApplyAsync(GrantCaller.Accounts, "default", []);
        using var caller = new GrantCaller(world.Api, options);
        using var over = new CancellationTokenSource();
        var flood = caller.FloodAsync(over.Token);
        var pod = world.Witness.All(PodView.Resource).First(pod => pod.Label(Names.TrackLabel) == Names.ServingTrack);
        for (var i = 0; i < 10; i++)
        {
            var answer = await caller.GrantAsync(
                await caller.TokenAsync(world.Ns, GrantProtocol.Audience, pod),
                """{"holder": "0123456789abcdef0123", "wantTotal": "0.25", "call": "0.25", "also": "0.5"}"""
            );
            answer.Outcome.ShouldBe(GrantOutcome.Granted);
        }

        // Events that come by the watch, after the list: the same holds, and all within the memory that the chart gives the operator.
        await CreateAsync(Witness.Agents, evil, "late", Odd(0));
        await world.ApplyAgentAsync("support", "agent:2");
        await world.UntilServesAsync("support", "agent:2");
        await over.CancelAsync();
        var memory = ProcFigures.Memory(one.Id, "VmHWM");
        output.WriteLine($"served {served.TotalSeconds:0.0} s after the start; {await flood} bad tokens; at most {memory:0} MB in memory");
        memory.ShouldBeLessThan(512);
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
