using System.ClientModel;
using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using Microsoft.Extensions.DependencyInjection;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Model requests that do not fit, on their way through a whole guardrail.</summary>
public sealed class ContextTests
{
    // Its window is 16,385 tokens.
    private const string Small = "gpt-3.5-turbo";
    private const string Rules = "You sell lamps. Never promise a refund.";

    [Theory]
    [InlineData("Flag", 20_000, true)]
    [InlineData("Refuse", 20_000, true)]
    // More bytes than the window has tokens, and fewer tokens.
    [InlineData("Refuse", 10_000, false)]
    [InlineData("Refuse", 10, false)]
    public async Task What_is_longer_than_the_window_is_told_or_refused(string mode, int words, bool overflows)
    {
        await using var rig = await StartAsync(mode);
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Chat(("user", Words(words))));
        var refused = overflows && mode == "Refuse";
        response.StatusCode.ShouldBe(refused ? HttpStatusCode.BadRequest : HttpStatusCode.OK);
        Context(response).ShouldBe(overflows ? "Overflows" : null);
        (rig.Witness.Last("chat") is null).ShouldBe(refused);
        if (refused)
        {
            (await response.Content.ReadAsStringAsync()).ShouldContain("\"code\":\"context_length_exceeded\"");
            rig.Account.Totals.Settled.Cost.ShouldBe(default);
        }
        if (overflows)
            (await rig.Log.UntilAsync("does not fit", 1)).ShouldHaveSingleItem().ShouldContain("room=15565 reason=Overflows");
        var verdict = overflows ? "Overflows" : "Fits";
        (await MetricsAsync(rig)).ShouldContain($"agentreadiness_context_checks_total{{upstream=\"openai\",verdict=\"{verdict}\"}} 1");
    }

    [Fact]
    public async Task The_OpenAI_client_hears_of_it_under_the_providers_own_code()
    {
        await using var rig = await StartAsync("Refuse");
        var client = rig.Client();
        var error = await Should.ThrowAsync<ClientResultException>(() =>
            client.CompleteChatAsync([new UserChatMessage(Words(500_000))], new ChatCompletionOptions { MaxOutputTokenCount = 5 })
        );
        error.Status.ShouldBe(400);
        error.Message.ShouldContain("context_length_exceeded");
    }

    [Fact]
    public async Task What_the_provider_counts_sets_the_estimate_right()
    {
        // The sample provider's tokens are four bytes: more of them than words like these have in a vocabulary.
        await using var rig = await StartAsync("Refuse");
        var text = string.Concat(Enumerable.Repeat("extraordinarily internationally ", 1700));
        for (var i = 0; i < 12; i++)
        {
            using var fits = await rig.PostAsync("/openai/v1/chat/completions", Chat(("user", $"{i} {text}")));
            fits.StatusCode.ShouldBe(HttpStatusCode.OK);
            await rig.CallsAsync(i + 1);
        }
        var longer = string.Concat(Enumerable.Repeat("extraordinarily internationally ", 2200));
        using var refused = await rig.PostAsync("/openai/v1/chat/completions", Chat(("user", longer)));
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        await using var fresh = await StartAsync("Refuse");
        using var passes = await fresh.PostAsync("/openai/v1/chat/completions", Chat(("user", longer)));
        passes.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("Flag")]
    [InlineData("Refuse")]
    public async Task A_conversation_that_goes_on_without_the_system_prompt_of_its_run(string mode)
    {
        await using var rig = await StartAsync(mode);
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        var run = runs.Start("r1", null);
        using var first = await rig.PostAsync("/openai/v1/chat/completions", Chat(("system", Rules), ("user", "hello")));
        Context(first).ShouldBeNull();
        var turn = Chat(("system", Rules), ("user", "hello"), ("assistant", "hi"), ("user", "a lamp"));
        using var second = await rig.PostAsync("/openai/v1/chat/completions", turn);
        (second.StatusCode, Context(second)).ShouldBe((HttpStatusCode.OK, null));
        using var cut = await rig.PostAsync("/openai/v1/chat/completions", Chat(("assistant", "hi"), ("user", "a lamp")));
        Context(cut).ShouldBe("SystemPromptLost");
        cut.StatusCode.ShouldBe(mode == "Refuse" ? HttpStatusCode.BadRequest : HttpStatusCode.OK);
        if (mode == "Refuse")
            (await cut.Content.ReadAsStringAsync()).ShouldContain("\"code\":\"system_prompt_lost\"");
        (await rig.Log.UntilAsync("does not fit", 1)).ShouldHaveSingleItem().ShouldContain("run=r1");
        (await MetricsAsync(rig)).ShouldContain("agentreadiness_system_prompts_lost_total{upstream=\"openai\"} 1");

        // Another run knows nothing of this one.
        runs.End(run, null);
        runs.Start("r2", null);
        using var other = await rig.PostAsync("/openai/v1/chat/completions", Chat(("assistant", "hi"), ("user", "a lamp")));
        (other.StatusCode, Context(other)).ShouldBe((HttpStatusCode.OK, null));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.BadRequest)]
    [InlineData(false, HttpStatusCode.OK)]
    public async Task What_nobody_knows_passes_or_not(bool isClosed, HttpStatusCode status)
    {
        await using var rig = await StartAsync("Refuse", isClosed: isClosed);
        var body =
            $$$"""{"model":"{{{Small}}}","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image_url","image_url":"""
            + """{"url":"https://a/b.png"}}]}]}""";
        using var response = await rig.PostAsync("/openai/v1/chat/completions", body);
        response.StatusCode.ShouldBe(status);
        if (isClosed)
            (await response.Content.ReadAsStringAsync()).ShouldContain("\"code\":\"context_unknown\"");
        (await MetricsAsync(rig)).ShouldContain("agentreadiness_context_checks_total{upstream=\"openai\",verdict=\"Media\"} 1");
    }

    [Theory]
    [InlineData("encrypted_content")]
    [InlineData("signature")]
    public async Task What_only_the_provider_can_read_is_not_taken_for_nothing(string name)
    {
        await using var rig = await StartAsync("Refuse", isClosed: true);
        var body =
            $$"""{"model":"{{Small}}","max_tokens":5,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"a","""
            + $$""" "reasoning_details":[{"type":"reasoning.encrypted","{{name}}":"{{new string('A', 40_000)}}"}]}]}""";
        using var response = await rig.PostAsync("/openai/v1/chat/completions", body);
        (await response.Content.ReadAsStringAsync()).ShouldContain("context_unknown");
    }

    [Fact]
    public async Task Nobody_looks_where_nothing_is_declared()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Chat(("user", Words(20_000))));
        (response.StatusCode, Context(response)).ShouldBe((HttpStatusCode.OK, null));
        (await MetricsAsync(rig)).ShouldNotContain("agentreadiness_context_checks_total{");
    }

    [Theory]
    [InlineData("Drop", 5, "context.onOverflow")]
    [InlineData("flag", 5, "context.onOverflow")]
    [InlineData("Flag", -1, "context.reservePercent")]
    [InlineData("Flag", 51, "context.reservePercent")]
    public void A_policy_that_is_not_listed_is_refused(string mode, int reserve, string field) =>
        Should
            .Throw<FormatException>(() => new ContextSettings(new ContextPolicy { OnOverflow = mode, ReservePercent = reserve }))
            .Message.ShouldStartWith(field);

    private static Task<Rig> StartAsync(string mode, bool isClosed = false) =>
        Rig.StartAsync(config =>
        {
            config.Context = new ContextPolicy { OnOverflow = mode, RefuseUnknown = isClosed };
            return config;
        });

    private static string Words(int count) => string.Concat(Enumerable.Repeat("lamp ", count));

    private static string Chat(params (string Role, string Text)[] messages) =>
        new JsonObject
        {
            ["model"] = Small,
            ["max_tokens"] = 5,
            ["messages"] = new JsonArray([
                .. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Text }),
            ]),
        }.ToJsonString();

    private static string? Context(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Agent-Context", out var values) ? values.Single() : null;

    private static async Task<string> MetricsAsync(Rig rig) =>
        await rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}/metrics"));
}
