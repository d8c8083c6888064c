using System.Net;
using System.Net.Http.Json;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Inbound;
using CsCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Inbound;

/// <summary>An agent that cannot answer says so in a declared way, or the guardrail does in its place.</summary>
public sealed class RefusalTests
{
    private const string Words = "I can't help with that.";
    private static readonly RefusalPolicy Declared = new()
    {
        StatusCode = 422,
        Message = Words,
        Path = "result.refused",
        CannotAnswerAfter = 2,
    };

    [Theory]
    [InlineData(200, "application/json", """{"answer":"The order is on its way."}""", "answered")]
    [InlineData(200, "application/json; charset=utf-8", """{"answer":"Sorry. I can’t help with that."}""", "refused")]
    [InlineData(200, "application/problem+json", """{"result":{"refused":true}}""", "refused")]
    [InlineData(200, "application/json", """{"result":{"refused":false},"other":{"refused":true}}""", "answered")]
    [InlineData(200, "application/json", """{"choices":[{"message":{"content":null,"refusal":"No."}}]}""", "refused")]
    [InlineData(200, "application/json", """{"choices":[{"message":{"content":"Yes.","refusal":null}}]}""", "answered")]
    [InlineData(200, "application/json", """I can't help with that. This is no JSON""", "refused")]
    [InlineData(201, "text/plain", "I can't help with that.\n", "refused")]
    [InlineData(200, "text/plain", "I can help with that.", "answered")]
    [InlineData(422, "text/plain", "whatever", "refused")]
    [InlineData(200, "application/json", """{"a":"I can't help with that."}""", "unread", "gzip")]
    [InlineData(400, "application/json", """{"result":{"refused":true}}""", "failed")]
    [InlineData(500, "application/json", """{"answer":"I can't help with that."}""", "failed")]
    [InlineData(204, "", "", "answered")]
    public async Task How_a_run_ended_is_told_and_its_answer_is_as_it_was(
        int status,
        string type,
        string body,
        string outcome,
        string? coding = null
    )
    {
        await using var upstream = await StartAsync(Declared);
        await using var agent = await AgentAsync(upstream.Rig, 0, status, type, body, coding);
        using var answer = await AskAsync(upstream.Rig);

        ((int)answer.StatusCode).ShouldBe(status);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(body);
        answer.Content.Headers.ContentType?.ToString().ShouldBe(type);
        Outcome(answer).ShouldBe(outcome == "unread" ? null : outcome);
        (await upstream.Rig.Log.UntilAsync("run ended", 1)).ShouldHaveSingleItem().ShouldContain($"outcome={outcome} ");
        (await upstream.MetricsAsync()).ShouldContain($"agentreadiness_run_outcomes_total{{outcome=\"{outcome}\"}} 1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Long_answers_and_streams_come_whole_and_are_unread(bool isJson)
    {
        var body = $"{{\"a\":\"{new string('x', 3 * RefusalSettings.LongestAnswer)}\"}}";
        await using var upstream = await StartAsync(Declared);
        await using var agent = await AgentAsync(upstream.Rig, 0, 200, isJson ? "application/json" : "text/event-stream", body);
        using var answer = await AskAsync(upstream.Rig);

        (await answer.Content.ReadAsStringAsync()).ShouldBe(body);
        await upstream.Rig.Log.UntilAsync("outcome=unread", 1);
    }

    [Theory]
    [InlineData(1, 200, "application/json", """{"answer":"It was sent on Monday."}""", "answered")]
    [InlineData(2, 200, "application/json", """{"answer":"It was sent on Monday."}""", "cannot_answer")]
    [InlineData(3, 200, "text/event-stream", "data: It was sent on Monday.\n\n", "cannot_answer")]
    [InlineData(2, 200, "application/json", """{"answer":"I can't help with that."}""", "refused")]
    [InlineData(2, 503, "text/plain", "it is down", "failed")]
    public async Task After_failures_in_a_row_the_client_gets_the_declared_refusal_and_no_guess(
        int failures,
        int status,
        string type,
        string body,
        string outcome
    )
    {
        await using var upstream = await StartAsync(Declared);
        upstream.Does = FailAsync;
        await using var agent = await AgentAsync(upstream.Rig, failures, status, type, body);
        using var answer = await AskAsync(upstream.Rig);

        Outcome(answer).ShouldBe(outcome);
        if (outcome != "cannot_answer")
        {
            (await answer.Content.ReadAsStringAsync()).ShouldBe(body);
            return;
        }
        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var error = (await answer.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        error["code"]!.GetValue<string>().ShouldBe(RefusalTransformer.Code);
        error["message"]!.GetValue<string>().ShouldBe(Words);
        answer.Headers.GetValues("x-should-retry").ShouldBe(["false"]);
    }

    [Fact]
    public async Task Failures_of_models_count_and_a_call_that_works_ends_a_row()
    {
        await using var upstream = await StartAsync(Declared);
        var path = "/openai/v1/chat/completions";
        upstream.Does = FailAsync;
        await using (var agent = await AgentAsync(upstream.Rig, 2, 200, "text/plain", "a guess", path: path))
        {
            using var answer = await AskAsync(upstream.Rig);
            Outcome(answer).ShouldBe("cannot_answer");
        }
        var calls = 0;
        upstream.Does = (context, body) =>
        {
            if (Interlocked.Increment(ref calls) != 2)
                return FailAsync(context, body);
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(FailingUpstream.Completion);
        };
        await using (var agent = await AgentAsync(upstream.Rig, 3, 200, "text/plain", "no guess", path: path))
        {
            using var answer = await AskAsync(upstream.Rig);
            Outcome(answer).ShouldBe("answered", "no two in a row");
        }
        calls.ShouldBe(3);
    }

    [Fact]
    public async Task An_answer_of_a_tool_that_breaks_off_does_not_end_a_row()
    {
        await using var upstream = await StartAsync(Declared);
        upstream.Does = async (context, _) =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        await using var agent = await AgentAsync(upstream.Rig, 2, 200, "text/plain", "a guess");
        using var answer = await AskAsync(upstream.Rig);
        Outcome(answer).ShouldBe("cannot_answer");
    }

    [Fact]
    public async Task Where_it_is_observed_the_answer_goes_on_and_is_counted()
    {
        await using var upstream = await StartAsync(Declared, observe: true);
        upstream.Does = FailAsync;
        await using var agent = await AgentAsync(upstream.Rig, 2, 200, "text/plain", "a guess");
        using var answer = await AskAsync(upstream.Rig);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("a guess");
        Outcome(answer).ShouldBe("answered_after_failures");
    }

    [Fact]
    public async Task Where_nothing_is_declared_nothing_is_said_also_not_by_the_agent()
    {
        await using var upstream = await StartAsync(null);
        upstream.Does = FailAsync;
        await using var agent = await AgentAsync(upstream.Rig, 5, 422, "text/plain", Words);
        using var answer = await AskAsync(upstream.Rig);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(Words);
        Outcome(answer).ShouldBeNull("the agent says refused in the guardrail's name");
        await upstream.Rig.Log.UntilAsync("outcome=undeclared", 1);
        (await upstream.MetricsAsync()).ShouldNotContain("agentreadiness_run_outcomes_total{");
    }

    [Fact]
    public void Whatever_an_answer_is_only_what_is_declared_is_a_refusal()
    {
        var settings = new RefusalSettings(Declared);
        var text = OneOf("yes", "I can help with that.", "refused", "I can", "'t help with that.", "{", "\\u0000", "\"", "null");
        var json = OneOf(
            """{"refused":true}""",
            """[{"result":1}]""",
            """{"result":{"refused":0}}""",
            """{"result":{"refused":""}}""",
            "[]"
        );
        Gen.Select(Gen.OneOf(text.Array[0, 6].Select(string.Concat), json), Gen.Bool)
            .Where(drawn => !drawn.Item1.Contains(Words, StringComparison.Ordinal))
            .Sample(drawn => settings.IsRefusal(Encoding.UTF8.GetBytes(drawn.Item1), drawn.Item2).ShouldBeFalse(drawn.Item1));
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Bool).Sample(drawn => settings.IsRefusal(drawn.Item1, drawn.Item2).ShouldBeFalse());
        // The words are found wherever they stand.
        Gen.Select(text, text)
            .Sample((before, after) => settings.IsRefusal(Encoding.UTF8.GetBytes(before + Words + after), false).ShouldBeTrue());
    }

    [Theory]
    [InlineData(399, "x", null, null)]
    [InlineData(500, "x", null, null)]
    [InlineData(422, null, null, 1)]
    [InlineData(422, "x", "a b", null)]
    [InlineData(422, "x", null, 0)]
    public void What_cannot_be_is_refused(int status, string? message, string? path, int? after) =>
        Should.Throw<FormatException>(() =>
            new RefusalSettings(
                new RefusalPolicy
                {
                    StatusCode = status,
                    Message = message,
                    Path = path,
                    CannotAnswerAfter = after,
                }
            )
        );

    private static Task<FailingUpstream> StartAsync(RefusalPolicy? refusal, bool observe = false) =>
        FailingUpstream.StartAsync(
            new ReliabilityPolicy { Refusal = refusal, Observe = observe },
            attempts: 1,
            change: config => config.ToolFailures = new ToolFailurePolicy { Action = ToolFailurePolicy.Count }
        );

    private static Task FailAsync(HttpContext context, string body)
    {
        context.Response.StatusCode = 503;
        return Task.CompletedTask;
    }

    /// <summary>An agent that makes calls in its run, whatever becomes of them, and then answers.</summary>
    private static async Task<WebApplication> AgentAsync(
        Rig rig,
        int calls,
        int status,
        string type,
        string body,
        string? coding = null,
        string path = "/tool/orders"
    )
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add($"http://127.0.0.1:{rig.AgentPort}");
        app.Run(async context =>
        {
            for (var i = 0; i < calls; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}{path}")
                {
                    Content = new StringContent(Rig.Body($"call {i}"), Encoding.UTF8, "application/json"),
                };
                request.Headers.Add("X-Agent-Run-Id", context.Request.Headers["X-Agent-Run-Id"].Single());
                try
                {
                    using var made = await rig.PodHttp.SendAsync(request);
                }
                catch (HttpRequestException)
                {
                    // It broke off.
                }
            }
            context.Response.StatusCode = status;
            context.Response.Headers["X-Agent-Outcome"] = "refused";
            if (coding is not null)
                context.Response.Headers.ContentEncoding = coding;
            if (type.Length > 0)
                context.Response.ContentType = type;
            if (type == "text/plain")
                context.Response.ContentLength = Encoding.UTF8.GetByteCount(body);
            if (body.Length > 0)
                await context.Response.WriteAsync(body);
        });
        await app.StartAsync();
        return app;
    }

    private static Task<HttpResponseMessage> AskAsync(Rig rig) => rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.InboundPort}/ask"));

    private static string? Outcome(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("X-Agent-Outcome", out var values) ? values.Single() : null;
}
