using AgentReadiness.EvalRunner.Grading;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

/// <summary>Kinds of cases, against a real server.</summary>
public sealed class CaseKindsTests : IDisposable
{
    private readonly RunnerFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string Of(string members, string expect = """{"contains":"ok"}""") => $$"""{"id":"a",{{members}},"expect":{{expect}}}""";

    [Fact]
    public async Task TurnsKeepTheConversation()
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, body) =>
            {
                var said = JsonDocument.Parse(body).RootElement.GetProperty("messages").GetArrayLength();
                return FakeAgent.SayAsync(context, $"answer {said}");
            }
        );
        var result = await folder.RunOneAsync(
            agent.Target,
            Of("""  "turns":["one",{"input":"two","expect":{"exact":"answer 3"}},"three"] """, """{"exact":"answer 5"}""")
        );
        (result.Outcome, result.Score).ShouldBe((Outcome.Passed, 1));
        agent.Requests.Count.ShouldBe(3);
        agent
            .Requests.Last()
            .Body.ShouldBe(
                """{"model":"agent","messages":[{"role":"user","content":"one"},{"role":"assistant","content":"answer 1"},"""
                    + """{"role":"user","content":"two"},{"role":"assistant","content":"answer 3"},"""
                    + """{"role":"user","content":"three"}],"stream":false}"""
            );
        // A turn in the middle fails the case, whatever the last answer is.
        result = await folder.RunOneAsync(
            agent.Target,
            Of("""  "turns":["one",{"input":"two","expect":{"exact":"answer 4"}},"three"] """, """{"exact":"answer 5"}""")
        );
        result.Outcome.ShouldBe(Outcome.Failed);
    }

    [Fact]
    public async Task ATurnWithoutAnAnswerIsAskedAgainFromTheStart()
    {
        var broken = 0;
        await using var agent = await FakeAgent.StartRawAsync(
            (context, body) =>
                body.Contains("two", StringComparison.Ordinal) && Interlocked.Increment(ref broken) < 3
                    ? FakeAgent.RawAsync(context, 503, "{}")
                    : FakeAgent.SayAsync(context, "ok")
        );
        (await folder.RunOneAsync(agent.Target, Of("\"turns\":[\"one\",\"two\"]"))).Outcome.ShouldBe(Outcome.Passed);
        agent.Requests.Count.ShouldBe(6);
        broken = -10;
        (await folder.RunOneAsync(agent.Target, Of("\"turns\":[\"one\",\"two\"]"))).Reason.ShouldBe("turn 2: HTTP 503");
    }

    [Theory]
    [InlineData(
        """{"body":{"q":"{{input}}","l":["<{{input}}>"],"n":1}}""",
        "POST",
        "/v1/chat/completions",
        "application/json",
        """{"q":"a \"b\"\n","l":["<a \"b\"\n>"],"n":1}"""
    )]
    [InlineData("""{"path":"/ask","body":"{\"q\": \"{{input}}\"}"}""", "POST", "/ask", "application/json", """{"q": "a \"b\"\n"}""")]
    [InlineData("""{"path":"/ask","body":"say {{input}}"}""", "POST", "/ask", "text/plain; charset=utf-8", "say a \"b\"\n")]
    [InlineData(
        """{"path":"/ask","headers":{"Content-Type":"text/x"},"body":"{ {{input}} }"}""",
        "POST",
        "/ask",
        "text/x",
        "{ a \"b\"\n }"
    )]
    [InlineData("""{"method":"GET","path":"/ask?q={{input}}&r=1"}""", "GET", "/ask?q=a%20%22b%22%0A&r=1", null, "")]
    [InlineData("""{"method":"PUT"}""", "PUT", "/v1/chat/completions", null, "")]
    public async Task AnApiOfItsOwnIsAsked(string request, string method, string path, string? type, string body)
    {
        await using var agent = await FakeAgent.StartRawAsync((context, _) => FakeAgent.RawAsync(context, 201, "ok, as text"));
        var result = await folder.RunOneAsync(agent.Target, Of($$"""  "input":"a \"b\"\n","request":{{request}} """));
        result.Outcome.ShouldBe(Outcome.Passed, result.Reason);
        var asked = agent.Requests.Single();
        (asked.Method, asked.Path, asked.Run, asked.ContentType).ShouldBe((method, path, "run-uid", type));
        if (type?.Contains("json", StringComparison.Ordinal) == true)
            JsonElement
                .DeepEquals(JsonDocument.Parse(asked.Body).RootElement, JsonDocument.Parse(body).RootElement)
                .ShouldBeTrue(asked.Body);
        else
            asked.Body.ShouldBe(body);
    }

    [Theory]
    [InlineData("$.data.items[1].text", """{"data":{"items":[{},{"text":"ok"}]}}""", "Passed")]
    [InlineData("/data/text", """{"data":{"text":"ok"}}""", "Passed")]
    [InlineData("data", """{"data":{"text":"ok"}}""", "Passed")]
    [InlineData("data", """{"data":"no"}""", "Failed")]
    [InlineData("data", """{"data":null}""", "the body has nothing at response.text")]
    [InlineData("data", """{"text":"ok"}""", "the body has nothing at response.text")]
    [InlineData("data", "ok", "the body is not JSON that can be read")]
    public async Task TheTextIsTakenFromItsPlace(string place, string body, string expected)
    {
        await using var agent = await FakeAgent.StartRawAsync((context, _) => FakeAgent.RawAsync(context, 200, body));
        var result = await folder.RunOneAsync(agent.Target, Of($"\"input\":\"x\",\"request\":{{\"response\":{{\"text\":\"{place}\"}}}}"));
        (result.Outcome == Outcome.Errored ? result.Reason : result.Outcome.ToString()).ShouldBe(expected);
    }

    [Theory]
    [InlineData(
        """{"choices":[{"message":{"content":"ok","tool_calls":"""
            + """[{"type":"function","function":{"name":"refund","arguments":"{\"id\":7}"}}]}}]}""",
        "Passed"
    )]
    [InlineData(
        """{"choices":[{"message":{"content":null"""
            + ""","tool_calls":[{"type":"function","function":{"name":"refund","arguments":"{\"id\":7}"}}]}}]}""",
        "Passed"
    )]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}],"tool_calls":[{"name":"refund","arguments":{"id":7}}]}""", "Passed")]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}],"agent":{"tool_calls":[{"name":"refund","arguments":{"id":7}}]}}""", "Passed")]
    [InlineData(
        """{"choices":[{"message":{"content":"ok","tool_calls":[]}}]"""
            + ""","tool_calls":[{"name":"refund","arguments":"{\"id\":7}"},{"name":"wipe"}]}""",
        "Failed"
    )]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}],"tool_calls":[{"name":"refund","arguments":"{\"id\":"}]}""", "Failed")]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}]}""", "Failed")]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}],"tool_calls":"none"}""", "tool_calls in the body cannot be read")]
    [InlineData("""{"choices":[{"message":{"content":"ok"}}],"tool_calls":[{"id":1}]}""", "tool_calls in the body cannot be read")]
    public async Task ToolCallsAreFoundWhereAgentsTellThem(string body, string expected)
    {
        await using var agent = await FakeAgent.StartRawAsync((context, _) => FakeAgent.RawAsync(context, 200, body));
        var result = await folder.RunOneAsync(
            agent.Target,
            Of("\"input\":\"x\"", """{"toolCalls":{"called":[{"name":"refund","arguments":{"id":7}}],"never":["wipe"]}}""")
        );
        (result.Outcome == Outcome.Errored ? result.Reason : result.Outcome.ToString()).ShouldBe(expected);
    }

    [Theory]
    [InlineData(422, """{"error":{"message":"not allowed"}}""", """{"refusal":true,"exact":"not allowed"}""", "Passed")]
    [InlineData(422, "no", """{"any":[{"refusal":true},{"exact":"x"}]}""", "Passed")]
    [InlineData(422, "no", """{"contains":"no"}""", "HTTP 422")]
    [InlineData(403, "no", """{"refusal":true}""", "HTTP 403")]
    [InlineData(200, """{"choices":[{"message":{"content":"sure","refusal":"no"}}]}""", """{"refusal":true}""", "Passed")]
    [InlineData(200, """{"choices":[{"message":{"content":"sure","refusal":null}}]}""", """{"refusal":true}""", "Failed")]
    public async Task RefusalsByStatusAndMessage(int status, string body, string expect, string expected)
    {
        await using var agent = await FakeAgent.StartRawAsync((context, _) => FakeAgent.RawAsync(context, status, body));
        var result = await folder.RunOneAsync(agent.Target, Of("\"input\":\"x\"", expect));
        (result.Outcome == Outcome.Errored ? result.Reason : result.Outcome.ToString()).ShouldBe(expected);
    }

    [Theory]
    [InlineData("refused", 200, "Passed")]
    [InlineData("cannot_answer", 418, "Passed")]
    [InlineData("answered", 200, "Failed")]
    [InlineData("Refused", 200, "Failed")]
    [InlineData("declined", 418, "HTTP 418")]
    public async Task WhatTheGuardrailCallsARefusalIsOneAndNoOtherWord(string outcome, int status, string expected)
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, _) =>
            {
                context.Response.Headers["X-Agent-Outcome"] = outcome;
                return FakeAgent.RawAsync(context, status, """{"choices":[{"message":{"content":"sorry"}}]}""");
            }
        );
        var result = await folder.RunOneAsync(agent.Target, Of("\"input\":\"x\"", """{"refusal":true}"""));
        (result.Outcome == Outcome.Errored ? result.Reason : result.Outcome.ToString()).ShouldBe(expected);
    }

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("3", 3L)]
    [InlineData("", null)]
    [InlineData("-1", null)]
    [InlineData("1.5", null)]
    [InlineData("often", null)]
    public async Task HowOftenAFallbackAnsweredIsWhatTheGuardrailSays(string header, long? fallbacks)
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, _) =>
            {
                if (header.Length > 0)
                    context.Response.Headers["X-Agent-Fallbacks"] = header;
                return FakeAgent.SayAsync(context, "ok");
            }
        );
        var result = await folder.RunOneAsync(agent.Target, Of("\"input\":\"x\""));
        result.Fallbacks.ShouldBe(fallbacks);
        // What the operator reads of it, of one case and in all, after the results went through a log.
        using var first = new MemoryStream(ResultsFile.Text([result]));
        using var again = new MemoryStream(ResultsLog.Native(ResultsReader.Read(first)));
        var read = ResultsReader.Read(again);
        read.Cases.ShouldHaveSingleItem().Fallbacks.ShouldBe(fallbacks);
        read.Fallbacks.ShouldBe(fallbacks);
    }

    [Fact]
    public async Task TheStatusOfARefusalIsTheAgentsChoice()
    {
        await using var agent = await FakeAgent.StartRawAsync((context, _) => FakeAgent.RawAsync(context, 403, "no"));
        (
            await folder.RunOneAsync(
                agent.Target,
                Of("\"input\":\"x\"", """{"refusal":true}"""),
                settings => settings with { Refusal = new RefusalRule { Status = 403 } }
            )
        ).Outcome.ShouldBe(Outcome.Passed);
    }

    [Theory]
    [InlineData("0.05", "0.05", "Passed", "0.05")]
    [InlineData("0.051", "0.05", "Failed", "0.051")]
    [InlineData("", "0.05", "the case has a maxCost, and the agent sends no X-Agent-Run-Cost", null)]
    [InlineData("cheap", "0.05", "the case has a maxCost, and the agent sends no X-Agent-Run-Cost", null)]
    [InlineData("-1", "0.05", "the case has a maxCost, and the agent sends no X-Agent-Run-Cost", null)]
    [InlineData("0.2", null, "Passed", "0.2")]
    [InlineData("", null, "Passed", null)]
    public async Task TheCostIsWhatTheAgentSays(string header, string? most, string expected, string? cost)
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, _) =>
            {
                if (header.Length > 0)
                    context.Response.Headers["X-Agent-Run-Cost"] = header;
                return FakeAgent.SayAsync(context, "ok");
            }
        );
        var result = await folder.RunOneAsync(agent.Target, Of($"\"input\":\"x\"{(most is null ? "" : $",\"maxCost\":\"{most}\"")}"));
        (result.Outcome == Outcome.Errored ? result.Reason : result.Outcome.ToString()).ShouldBe(expected);
        result.Cost.ShouldBe(cost is null ? null : decimal.Parse(cost));
        // What is not known will not be known the next time either: money is not spent again.
        agent.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task TheCostOfTurnsIsTheirSum()
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, body) =>
            {
                context.Response.Headers["X-Agent-Run-Cost"] = "0.03";
                return FakeAgent.SayAsync(context, "ok");
            }
        );
        var result = await folder.RunOneAsync(agent.Target, Of("\"turns\":[\"x\",\"y\"],\"maxCost\":\"0.05\""));
        (result.Outcome, result.Cost).ShouldBe((Outcome.Failed, 0.06m));
    }

    [Fact]
    public async Task SlowerThanItMayBeFails()
    {
        await using var agent = await FakeAgent.StartRawAsync(
            async (context, _) =>
            {
                await Task.Delay(60);
                await FakeAgent.SayAsync(context, "ok");
            }
        );
        var result = await folder.RunOneAsync(agent.Target, Of("\"input\":\"x\",\"maxLatency\":\"20ms\""));
        (result.Outcome, result.Reason).ShouldBe((Outcome.Failed, "the answer took longer than 20ms"));
        result.Latency!.Value.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(50));
        (await folder.RunOneAsync(agent.Target, Of("\"input\":\"x\",\"maxLatency\":\"30s\""))).Outcome.ShouldBe(Outcome.Passed);
    }

    [Fact]
    public async Task AYamlFileIsRunByItsName()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, "ok"));
        foreach (var name in (string[])["cases.yaml", "cases.YML"])
        {
            var run = await folder.RunAsync(folder.SettingsOf(name, agent.Target, "cases:\n- id: a\n  input: hi\n  expect: {exact: ok}\n"));
            (run.Error, run.Results.Single().Outcome).ShouldBe((null, Outcome.Passed));
        }
        (await folder.RunAsync(folder.SettingsOf("cases.jsonl", agent.Target, "- id: a"))).Error!.ShouldStartWith(
            "line 1: is not a JSON object"
        );
    }
}
