using System.Diagnostics;
using NLua;
using YamlDotNet.RepresentationModel;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What Argo CD, Flux and kstatus make of an agent, on objects that the operator wrote, in every situation.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class GitOpsTests(ModernControlPlane plane)
{
    [Fact]
    public async Task Argo_CD_Flux_and_kstatus_read_every_situation_as_it_is()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        var situations = new List<(string Name, JsonObject Object, string Argo, string Kstatus)>();
        async Task SeeAsync(
            string name,
            string image,
            string argo,
            string kstatus,
            Func<JsonObject, bool> isSo,
            Action<JsonObject>? change = null
        )
        {
            await world.ApplyAgentAsync("support", image, 2, change);
            await world.UntilAsync(name, () => world.Agent("support") is { } agent && isSo(agent));
            situations.Add((name, (JsonObject)world.Agent("support")!.DeepClone(), argo, kstatus));
        }
        static void Rollout(JsonObject agent, string json) => agent["spec"]!["rollout"] = JsonNode.Parse(json);

        world.Kubelet.HoldsRunners = true;
        await SeeAsync("evaluating", "agent:1", "Progressing", "InProgress", agent => agent.Text("status", "phase") == Phases.Evaluating);
        world.Kubelet.HoldsRunners = false;
        await SeeAsync("serving", "agent:1", "Healthy", "Current", agent => agent.Condition("Ready") == "True");
        await SeeAsync(
            "awaiting approval",
            "agent:2",
            "Suspended",
            "InProgress",
            agent => agent.Text("status", "phase") == Phases.AwaitingApproval,
            agent => Rollout(agent, """{"approval": "Manual"}""")
        );
        await SeeAsync(
            "paused",
            "agent:2",
            "Suspended",
            "InProgress",
            agent => agent.Text("status", "phase") == Phases.Paused,
            agent => Rollout(agent, """{"approval": "Manual", "paused": true}""")
        );
        await SeeAsync(
            "in a Canary",
            "agent:2",
            "Progressing",
            "InProgress",
            agent => agent.Text("status", "phase") == Phases.Canary,
            agent => Rollout(agent, """{"strategy": "Canary", "steps": [{"percent": 50, "hold": "1h"}]}""")
        );
        await SeeAsync(
            "invalid",
            "agent:2",
            "Degraded",
            "Failed",
            agent => agent.Text("status", "phase") == Phases.Invalid,
            agent => Rollout(agent, """{"drain": "99999h"}""")
        );
        world.Kubelet.Score("agent:bad", 50);
        await SeeAsync("failed", "agent:bad", "Degraded", "Failed", agent => agent.Text("status", "phase") == Phases.Failed);
        await SeeAsync(
            "served again",
            "agent:1",
            "Healthy",
            "Current",
            agent => agent.Condition("Ready") == "True" && agent.At("status", "candidateRevision") is null
        );
        await world.ExhaustAsync($"{world.Ns}.support", "60");
        await SeeAsync("exhausted", "agent:1", "Degraded", "InProgress", agent => agent.Text("status", "phase") == Phases.Exhausted);
        var unseen = (JsonObject)situations[1].Object.DeepClone();
        unseen["metadata"]!["generation"] = 99L;
        situations.Add(("not seen yet", unseen, "Progressing", "InProgress"));
        var fresh = (JsonObject)unseen.DeepClone();
        fresh.Remove("status");
        situations.Add(("without status", fresh, "Progressing", "Current"));

        foreach (var situation in situations)
        {
            Argo(situation.Object).ShouldBe(situation.Argo, situation.Name);
            Kstatus(situation.Object).ShouldBe(situation.Kstatus, situation.Name);
            if (situation.Object.At("status", "observedGeneration") is { } observed)
                observed
                    .GetValueKind()
                    .ShouldBe(System.Text.Json.JsonValueKind.Number, "a string could not be compared with the generation");
        }
        // Flux asks failed, then inProgress, then current, and sees no status before there is one.
        var seen = situations.Where(situation => situation.Object.ContainsKey("status")).ToList();
        (await FluxAsync(seen.Select(situation => situation.Object)))
            .Zip(seen)
            .ShouldAllBe(pair => pair.First == pair.Second.Kstatus || (pair.Second.Name == "exhausted" && pair.First == "Unknown"));
    }

    private static string Argo(JsonObject agent)
    {
        using var lua = new Lua();
        lua["obj"] = Table(lua, agent);
        using var health = (LuaTable)lua.DoString(File.ReadAllText(Path.Combine(Folder(), "health.lua")))[0];
        health["message"].ShouldBeOfType<string>().ShouldNotBeEmpty();
        return (string)health["status"];
    }

    private static object? Table(Lua lua, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                lua.NewTable("fresh");
                // By object: NLua takes a dot in a string for a path.
                var map = lua.GetTable("fresh");
                foreach (var (name, value) in members)
                    map[(object)name] = Table(lua, value);
                return map;
            case JsonArray items:
                lua.NewTable("fresh");
                var list = lua.GetTable("fresh");
                for (var i = 0; i < items.Count; i++)
                    list[i + 1] = Table(lua, items[i]);
                return list;
            case JsonValue value when value.TryGetValue<bool>(out var flag):
                return flag;
            case JsonValue value when value.TryGetValue<long>(out var number):
                return number;
            default:
                return node?.ToString();
        }
    }

    // kstatus's rules, as sigs.k8s.io/cli-utils documents them for a custom resource.
    private static string Kstatus(JsonObject agent)
    {
        if (agent.At("status", "observedGeneration") is { } observed && observed.GetValue<long>() != agent.Number("metadata", "generation"))
            return "InProgress";
        if (agent.Condition("Reconciling") == "True")
            return "InProgress";
        if (agent.Condition("Stalled") == "True")
            return "Failed";
        return agent.Condition("Ready") is "False" or "Unknown" ? "InProgress" : "Current";
    }

    private static async Task<IReadOnlyList<string>> FluxAsync(IEnumerable<JsonObject> agents)
    {
        var yaml = new YamlStream();
        using (var reader = File.OpenText(Path.Combine(Folder(), "flux-kustomization.yaml")))
            yaml.Load(reader);
        var expressions = yaml.Documents[0].RootNode["spec"]["healthCheckExprs"][0];
        (string Field, string Status)[] questions = [("failed", "Failed"), ("inProgress", "InProgress"), ("current", "Current")];
        var cases = agents
            .SelectMany(agent =>
                questions.Select(question => new JsonObject
                {
                    ["expression"] = ((YamlScalarNode)expressions[question.Field]).Value,
                    ["object"] = agent.DeepClone(),
                })
            )
            .ToArray<JsonNode>();
        var answers = JsonNode
            .Parse(await NodeAsync(new JsonArray(cases).ToJsonString()))!
            .AsArray()
            .Select(answer => answer!.GetValue<bool>())
            .ToList();
        return
        [
            .. answers
                .Chunk(questions.Length)
                .Select(chunk => Array.IndexOf(chunk, true) is var first and >= 0 ? questions[first].Status : "Unknown"),
        ];
    }

    private static async Task<string> NodeAsync(string input)
    {
        var evaluator =
            Environment.GetEnvironmentVariable("AGENT_READINESS_CEL")
            ?? throw new InvalidOperationException("AGENT_READINESS_CEL is not set: run these tests through make test-api");
        using var node = Process.Start(
            new ProcessStartInfo("node")
            {
                ArgumentList = { Path.Combine(Folder(), "..", "..", "tests", "gitops", "cel.mjs"), evaluator },
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        await node.StandardInput.WriteAsync(input);
        node.StandardInput.Close();
        var output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        node.ExitCode.ShouldBe(0);
        return output;
    }

    private static string Folder() => Repository.PathOf("docs", "gitops");
}
