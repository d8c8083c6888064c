using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Which calls are the same call: for the repeats of a run, and for the retry budget.</summary>
public sealed class RepeatedCallTests
{
    private static readonly RunLimits Twice = new() { MaxRepeats = 2 };

    [Theory]
    [InlineData("streamed")]
    [InlineData("kept to be sent again")]
    [InlineData("kept for its side effects")]
    public async Task Different_calls_of_an_http_tool_are_no_repeats_however_its_body_passes(string how)
    {
        await using var upstream = await FailingUpstream.StartAsync(
            how == "kept to be sent again" ? new ReliabilityPolicy { ReadOnlyTools = ["tool"] } : null,
            attempts: how == "kept to be sent again" ? 2 : 1,
            limits: Twice,
            effects: how == "kept for its side effects" ? new SideEffectPolicy { Tools = ["tool"] } : null
        );
        var run = upstream.OpenRun();
        for (var call = 0; call < 4; call++)
        {
            (await upstream.SendAsync("POST", $"/tool/orders/{call}", "{}", run)).Status.ShouldBe(200, "another path");
            (await upstream.SendAsync("POST", $"/tool/orders?n={call}", "{}", run)).Status.ShouldBe(200, "another query");
            if (how != "streamed")
                (await upstream.SendAsync("POST", "/tool/orders", $"{{\"n\":{call}}}", run)).Status.ShouldBe(200, "another body");
        }
        await upstream.SendAsync("POST", "/tool/same", "{}", run);
        await upstream.SendAsync("POST", "/tool/same", "{}", run);
        (await upstream.SendAsync("PUT", "/tool/same", "{}", run)).Status.ShouldBe(200, "another method");
        (await upstream.SendAsync("POST", "/tool/same", "{}", run)).Body.ShouldContain("maxRepeats");
    }

    [Fact]
    public async Task A_further_round_of_a_call_of_an_mcp_tool_is_another_call()
    {
        await using var upstream = await FailingUpstream.StartAsync(null, attempts: 1, limits: Twice);
        var run = upstream.OpenRun();
        for (var round = 0; round < 4; round++)
        {
            (await McpAsync(upstream, run, round, $"\"inputResponses\":{{\"ok\":{{\"n\":{round}}}}}")).ShouldNotContain("maxRepeats");
            (await McpAsync(upstream, run, round, $"\"requestState\":\"{round}\"")).ShouldNotContain("maxRepeats");
        }
        (await McpAsync(upstream, run, 5, "\"requestState\":\"s\"")).ShouldNotContain("maxRepeats");
        (await McpAsync(upstream, run, 6, "\"requestState\":\"s\",\"_meta\":{\"progressToken\":6}")).ShouldNotContain("maxRepeats");
        (await McpAsync(upstream, run, 7, "\"_meta\":{\"progressToken\":7},\"requestState\":\"s\"")).ShouldContain("maxRepeats");
    }

    [Fact]
    public async Task A_further_round_of_a_call_that_failed_is_no_retry_of_it()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { RetryBudgetPercent = 0 }, attempts: 1);
        upstream.Answers(503);
        var run = upstream.OpenRun();
        (await McpAsync(upstream, run, 1, "")).ShouldNotContain("retry_budget_exhausted");
        (await McpAsync(upstream, run, 2, "\"requestState\":\"s\"")).ShouldNotContain("retry_budget_exhausted");
        (await McpAsync(upstream, run, 3, "\"inputResponses\":{}")).ShouldNotContain("retry_budget_exhausted");
        (await McpAsync(upstream, run, 4, "\"_meta\":{\"progressToken\":1}")).ShouldContain("retry_budget_exhausted");
    }

    // Whatever stands in the parameters asks for something, but for what _meta says about the message itself.
    [Fact]
    public void What_a_call_asks_for_is_all_of_its_parameters_but_meta()
    {
        var name = Gens.OneOf("name", "arguments", "inputResponses", "requestState", "task", "other", "_meta");
        var value = Gens.OneOf("\"a\"", "{\"b\":1}", "{}", "7", "null");
        Gen.Select(name, value)
            .List[0, 8]
            .Sample(drawn =>
            {
                var given = drawn.DistinctBy(one => one.Item1).Select(one => KeyValuePair.Create(one.Item1, one.Item2)).ToList();
                var members = given.Where(member => member.Key is not ("name" or "_meta")).ToList();
                var asked = Asked(given.OrderBy(member => member.Key));
                Asked(members.Append(KeyValuePair.Create("_meta", "{\"progressToken\":9}")))
                    .ShouldBe(asked, "_meta and order do not matter");
                foreach (var changed in members)
                    Asked(members.Select(member => member.Key == changed.Key ? KeyValuePair.Create(member.Key, "\"z\"") : member))
                        .ShouldNotBe(asked, changed.Key);
                foreach (var left in members)
                    Asked(members.Where(member => member.Key != left.Key)).ShouldNotBe(asked, left.Key);
            });
    }

    [Fact]
    public async Task The_place_of_a_repeat_that_a_limit_stops_is_given_back()
    {
        await using var breaker = await FailingUpstream.StartAsync(
            new ReliabilityPolicy
            {
                RetryBudgetPercent = 20,
                CircuitBreaker = new CircuitPolicy { MinimumCalls = 1, OpenFor = "1h" },
            },
            attempts: 2
        );
        breaker.Answers(503);
        await breaker.ChatAsync(breaker.OpenRun());
        breaker.Seen.Count.ShouldBe(1, "the breaker opened, so that the second attempt was refused");
        await UntilIdle(breaker);
        Places(breaker, "openai").ShouldBe(RetryBudget.Floor);

        // The time of a run that is over ends the pause before the second attempt.
        await using var run = await FailingUpstream.StartAsync(
            new ReliabilityPolicy { RetryBudgetPercent = 20, ReadOnlyTools = ["tool"] },
            attempts: 2,
            limits: new RunLimits { MaxDuration = "1s" }
        );
        run.Does = (http, _) =>
        {
            http.Response.StatusCode = 503;
            http.Response.Headers.RetryAfter = "5";
            return Task.CompletedTask;
        };
        await run.SendAsync("GET", "/tool/x", null, run.OpenRun());
        run.Seen.Count.ShouldBe(1, "the run was over in the pause");
        await UntilIdle(run);
        Places(run, "tool").ShouldBe(RetryBudget.Floor);
    }

    [Fact]
    public async Task The_place_of_a_repeat_is_given_back_where_the_agent_goes_in_the_pause_and_kept_where_it_was_made()
    {
        await using var upstream = await FailingUpstream.StartAsync(
            new ReliabilityPolicy { RetryBudgetPercent = 20, ReadOnlyTools = ["tool"] },
            attempts: 2
        );
        upstream.Does = (http, _) =>
        {
            http.Response.StatusCode = 503;
            http.Response.Headers.RetryAfter = "8";
            return Task.CompletedTask;
        };
        for (var call = 1; call <= RetryBudget.Floor; call++)
        {
            using var leave = new CancellationTokenSource();
            var going = upstream.Rig.PostAsync($"/tool/{call}", "{}", leave.Token);
            await upstream.Rig.Log.UntilAsync("tool call tried again", call);
            await leave.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => going);
        }
        await UntilIdle(upstream);
        upstream.Seen.Count.ShouldBe(RetryBudget.Floor, "no repeat was made");

        upstream.Answers(503);
        await upstream.SendAsync("POST", "/tool/again", "{}");
        upstream.Seen.Count.ShouldBe(RetryBudget.Floor + 2);
        Places(upstream, "tool").ShouldBe(RetryBudget.Floor - 1, "this one was made");
    }

    private static async Task UntilIdle(FailingUpstream upstream)
    {
        var calls = upstream.Rig.Guardrail.Services.GetRequiredService<Guardrail.Calls.CallPipeline>().Calls;
        (await calls.WaitUntilEmptyAsync(TimeSpan.FromSeconds(10), TimeProvider.System, default)).ShouldBeTrue();
    }

    /// <summary>Takes the places that are left in the budget, and tells how many there were.</summary>
    private static int Places(FailingUpstream upstream, string name)
    {
        var budget = upstream.Rig.Guardrail.Services.GetRequiredService<UpstreamStates>().Of(name).Retries;
        var places = 0;
        while (budget.TryRepeat(20, TimeProvider.System.GetElapsedTime(0)) is not null)
            places++;
        return places;
    }

    private static UInt128 Asked(IEnumerable<KeyValuePair<string, string>> members)
    {
        var others = members.Where(member => member.Key != "name").Select(member => $"\"{member.Key}\":{member.Value}");
        var text = $$"""{"id":1,"method":"tools/call","params":{{{string.Join(',', others.Prepend("\"name\":\"send\""))}}} }""";
        return ToolMessage.Read(Encoding.UTF8.GetBytes(text), out _)!.Asked;
    }

    private static async Task<string> McpAsync(FailingUpstream upstream, string run, int id, string more)
    {
        var others = more.Length > 0 ? "," + more : "";
        var body =
            $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"send","arguments":{"to":"a"}{{{others}}} } }""";
        return (await upstream.SendAsync("POST", "/mcp", body, run)).Body;
    }
}
