using System.Net;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Inbound;
using AgentReadiness.Guardrail.Runs;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Inbound;

/// <summary>What comes in from outside begins a run of its own; what the agent sends to itself does not.</summary>
public sealed class FrontDoorTests
{
    [Fact]
    public async Task An_agent_that_calls_itself_gets_no_fresh_limits()
    {
        await using var rig = await Rig.StartAsync();
        await using var agent = new RawUpstream(_ => RawUpstream.Answer("", "ok"), rig.AgentPort);
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        var run = runs.Start("0123456789abcdef0123456789abcdef", null);
        var url = new Uri($"http://127.0.0.1:{rig.InboundPort}/x");

        using var named = new HttpRequestMessage(HttpMethod.Get, url);
        named.Headers.Add("X-Agent-Run-Id", run.Id);
        using var first = await rig.PodHttp.SendAsync(named);
        agent.Requests[0].ShouldContain($"X-Agent-Run-Id: {run.Id}\r\n");
        first.Headers.Contains("X-Agent-Run-Id").ShouldBeFalse();

        // Without a name it is the only open run; with another one open as well, it is none.
        await rig.PodHttp.GetStringAsync(url);
        agent.Requests[1].ShouldContain($"X-Agent-Run-Id: {run.Id}\r\n");
        var other = runs.Start("fedcba9876543210fedcba9876543210", null);
        await rig.PodHttp.GetStringAsync(url);
        agent.Requests[2].ShouldNotContain("X-Agent-Run-Id");
        runs.End(other, null);

        // From outside it is a run of its own, whatever it says.
        using var outside = new HttpRequestMessage(HttpMethod.Get, url);
        outside.Headers.Add("X-Agent-Run-Id", run.Id);
        using var fresh = await rig.Http.SendAsync(outside);
        fresh.Headers.GetValues("X-Agent-Run-Id").Single().ShouldNotBe(run.Id);
        agent.Requests[3].ShouldNotContain(run.Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task A_trace_of_several_runs_names_none_of_them(int count)
    {
        await using var rig = await Rig.StartAsync();
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var open = Enumerable.Range(0, count).Select(i => runs.Start($"run{i}", Trace)).ToList();
        var unrelated = runs.Start("unrelated", null);
        var request = new DefaultHttpContext().Request;
        request.Headers["traceparent"] = $"00-{Trace}-b7ad6b7169203331-01";
        runs.Of(request, null).Id.ShouldBe(count == 1 ? "run0" : "");
        while (open.Count > 1)
        {
            runs.End(open[0], Trace);
            open.RemoveAt(0);
        }
        runs.Of(request, null).ShouldBeSameAs(open[0]);
        runs.End(open[0], Trace);
        runs.End(unrelated, null);
        runs.Of(request, null).Id.ShouldBe("");
    }

    [Fact]
    public void A_client_names_no_run_and_only_the_tags_that_it_may()
    {
        var (tags, allowed) = (new TagNames(["customer", "feature"]), new TagNames(["customer"]));
        var key = OneOf("customer", "feature", "Feature", "agent.run.id", "Agent.Run.Id", "user", "x");
        var member = Gen.Select(key, OneOf("=1", " = 2", "=3;p=1", "", "=a%2Cb")).Select((name, value) => name + value);
        Gen.Select(member.Array[0, 5].Select(all => string.Join(", ", all)).Array[0, 3], OneOf("customer", "feature", "FEATURE", "team"))
            .Sample(
                (lines, tag) =>
                {
                    var headers = new HeaderDictionary
                    {
                        ["X-Agent-Run-Id"] = "invented",
                        ["x-agent-tag-" + tag] = "v",
                        ["baggage"] = lines,
                    };
                    InboundHeaders.Clean(headers, tags, allowed);
                    headers.ContainsKey("X-Agent-Run-Id").ShouldBeFalse();
                    headers.ContainsKey("X-Agent-Tag-" + tag).ShouldBe(tag == "customer");
                    var kept = headers["baggage"].ToString();
                    kept.ShouldNotContain("run.id", Case.Insensitive);
                    kept.ShouldNotContain("feature", Case.Insensitive);
                    foreach (var name in (string[])["customer", "user"])
                        kept.Contains(name, StringComparison.Ordinal)
                            .ShouldBe(lines.Any(line => line.Contains(name, StringComparison.Ordinal)));
                },
                iter: 20_000
            );
    }

    /// <summary>A pod with IPv6 is reached by it, on all of its ports, and its own calls are known by it too.</summary>
    [Fact]
    public async Task All_ports_answer_on_IPv6()
    {
        await using var rig = await Rig.StartAsync(address: IPAddress.Any);
        await using var agent = new RawUpstream(_ => RawUpstream.Answer("", "ok"), rig.AgentPort);
        foreach (var host in (string[])["127.0.0.1", "[::1]"])
        {
            (await rig.Http.GetStringAsync($"http://{host}:{rig.InboundPort}/x")).ShouldBe("ok");
            (await rig.Http.GetStringAsync($"http://{host}:{rig.AdminPort}/readyz")).ShouldNotBeEmpty();
            using var content = new StringContent(Rig.Body("hi"), Encoding.UTF8, "application/json");
            using var call = await rig.Http.PostAsync($"http://{host}:{rig.EgressPort}/openai/v1/chat/completions", content);
            call.StatusCode.ShouldBe(HttpStatusCode.OK, host);
        }
        await rig.CallsAsync(2);
    }

    [Fact]
    public async Task A_drain_that_nobody_follows_up_has_an_end()
    {
        await using var rig = await Rig.StartAsync(config =>
        {
            config.DrainToken = "s3cret";
            return config;
        });
        await using var agent = new RawUpstream(_ => RawUpstream.Answer("", "ok"), rig.AgentPort);
        var admin = $"http://127.0.0.1:{rig.AdminPort}";
        (await rig.Http.GetStringAsync(new Uri(admin + "//drain?token=s3cret"))).ShouldBe("drained\n");
        var url = new Uri($"http://127.0.0.1:{rig.InboundPort}/x");
        using (var draining = await rig.Http.GetAsync(url))
            draining.Headers.ConnectionClose.ShouldBe(true);
        var front = rig.Guardrail.Services.GetRequiredService<InboundFront>();
        front.DrainFor(TimeSpan.Zero);
        using var again = await rig.Http.GetAsync(url);
        again.Headers.ConnectionClose.ShouldBe(null);
    }
}
