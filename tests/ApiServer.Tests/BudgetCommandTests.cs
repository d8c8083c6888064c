using System.CommandLine;
using AgentReadiness.Api.Resources;
using AgentReadiness.Cli;
using AgentReadiness.Cli.Budgets;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>kubectl agents budget on a real API server, by a kubeconfig.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class BudgetCommandTests(ControlPlane plane) : IDisposable
{
    private static readonly ResourceType Agents = ResourceType.Of<AgentDeployment>();
    private readonly string folder = Directory.CreateTempSubdirectory("agent-readiness-budget-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_raise_is_written_and_replaced_and_the_rest_of_the_object_stays()
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        agent["spec"]!["template"]!["spec"]!["fieldOfTheFuture"] = "deep";
        await plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None);

        var (code, output, error) = await RunAsync("raise", "support", "-n", ns, "--to", "80", "--until", "2h", "--reason", "launch");
        (code, error).ShouldBe((0, ""));
        // This server may be too old to say who we are; the kubeconfig's user has the same name.
        output.ShouldContain("raised from $50 to 80");
        (await RunAsync("raise", "support", "-n", ns, "--to", "90", "--until", "3h", "--reason", "more", "--by", "bo")).Code.ShouldBe(0);

        var spec = (await plane.Api.GetAsync(Agents, ns, "support", CancellationToken.None))!["spec"]!;
        var raise = spec["budget"]!["raises"]!.AsArray().ShouldHaveSingleItem()!;
        raise["maxCost"]!.GetValue<string>().ShouldBe("90");
        raise["requestedBy"]!.GetValue<string>().ShouldBe("bo");
        output.ShouldContain(" by tests: launch");
        spec["template"]!["spec"]!["fieldOfTheFuture"]!.GetValue<string>().ShouldBe("deep");
    }

    [Fact]
    public async Task A_stale_version_is_a_conflict_and_a_wrong_entry_is_refused_by_the_schema()
    {
        var ns = await plane.NamespaceAsync();
        var target = new BudgetTarget(false, ns, "support");
        var stale = BudgetObject.Of(target, await plane.Api.CreateAsync(Agents, ns, Samples.Agent(ns), CancellationToken.None));
        var asked = new RaiseRequest("Day", "80", null, "2h", "launch", "ana", false);
        await plane.Api.MergePatchAsync(
            Agents,
            ns,
            "support",
            null,
            new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 3 } },
            CancellationToken.None
        );
        using var cluster = Cluster.Connect(new ClusterOptions(plane.WriteKubeconfig(folder), "tests"));

        var conflict = await Should.ThrowAsync<ClusterException>(() =>
            cluster.PatchAsync(target.Path, SpecChange.Raise(stale, asked, TimeProvider.System.GetUtcNow()).Patch, CancellationToken.None)
        );
        conflict.Status.ShouldBe(System.Net.HttpStatusCode.Conflict);

        var change = SpecChange.Raise(
            await BudgetObject.ReadAsync(cluster, target, CancellationToken.None),
            asked,
            TimeProvider.System.GetUtcNow()
        );
        change.Patch[1]!["value"]![0]!["maxCost"] = "-80";
        var invalid = await Should.ThrowAsync<ClusterException>(() =>
            cluster.PatchAsync(target.Path, change.Patch, CancellationToken.None)
        );
        invalid.Message.ShouldContain("maxCost");
        (await plane.Api.GetAsync(Agents, ns, "support", CancellationToken.None))!["spec"]!["budget"]!["raises"].ShouldBeNull();
    }

    [Fact]
    public async Task A_status_is_shown_and_a_write_off_written()
    {
        var ns = await plane.NamespaceAsync();
        await plane.Api.CreateAsync(Agents, ns, Samples.Agent(ns), CancellationToken.None);
        await plane.Api.MergePatchAsync(
            Agents,
            ns,
            "support",
            "status",
            (JsonObject)
                JsonNode.Parse(
                    """
                    {"status": {"budget": [{"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "45", "unproven": "3.2",
                      "cap": "50", "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z"}]}}
                    """
                )!,
            CancellationToken.None
        );

        var (code, output, error) = await RunAsync("show", "agd/support", "-n", ns);
        (code, error).ShouldBe((0, ""));
        output.ShouldContain("2026-11-24   USD    45");
        output.ShouldContain("Read from the status, as of 2026-11-24T17:58:00Z: there is no BudgetLedger");
        (await RunAsync("write-off", "support", "-n", ns, "--window", "2026-11-24", "--cost", "3.20", "--reason", "bill")).Code.ShouldBe(0);
        (await plane.Api.GetAsync(Agents, ns, "support", CancellationToken.None))!["spec"]!["budget"]!["writeOffs"]![0]!["maxCost"]!
            .GetValue<string>()
            .ShouldBe("3.2");
        (await RunAsync("show", "support", "-n", ns, "--context", "nowhere")).Code.ShouldBe(2);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Commands.RunAsync(
            ["budget", .. arguments, "--kubeconfig", plane.WriteKubeconfig(folder)],
            TextReader.Null,
            Stream.Null,
            new InvocationConfiguration { Output = output, Error = error }
        );
        return (code, output.ToString(), error.ToString());
    }
}
