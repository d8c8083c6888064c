using System.IO.Compression;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>What the directives do to the bytes, and to the bill.</summary>
public class FramingTests : ProviderTests
{
    [Fact]
    public async Task The_same_events_in_every_framing()
    {
        await using var source = await StartAsync();
        (await TextAsync(source, "hi [[crlf]]")).ShouldNotContain("}\n");
        (await TextAsync(source, "hi [[nospace]]")).ShouldNotContain("data: ");
        (await TextAsync(source, "hi [[comments]]")).ShouldContain("\n\n: keep-alive\n:\n\ndata: ");
        (await TextAsync(source, "hi [[empty_events]]")).ShouldContain("}\n\n\n\n\ndata: ");
        (await TextAsync(source, "hi [[empty_events=data]]")).ShouldContain("\n\ndata:\n\n");
        (await TextAsync(source, "hi [[big_event=40]]")).Split("\n\n").Count(e => e.Length > 40 * 1024).ShouldBe(1);
        (await TextAsync(source, "hi [[bytewise]]")).ShouldEndWith("data: [DONE]\n\n");
        (await TextAsync(source, "hi [[no_usage]]")).ShouldNotContain("prompt_tokens");
        (await TextAsync(source, "hi [[answer_model=gpt-5.4]][[tier=flex]]")).ShouldContain(
            "\"model\":\"gpt-5.4\",\"service_tier\":\"flex\""
        );

        var last = await source.BilledAsync(9);
        (last.Model, last.Tier).ShouldBe(("gpt-5.4", "flex"));
        source.Witness.Calls.ShouldAllBe(call => call.Completed && call.Output > 0);
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, "[[bytewise]]")]
    public async Task Compressed_where_nobody_asked(bool stream, string more)
    {
        await using var source = await StartAsync();
        using var response = await source.ChatAsync($"3+4 [[gzip]][[content_type=text/plain; charset=utf-8]]{more}", stream);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        // A stream that must be cut at its limit, and hides what was not asked for, is looked into on its way.
        var undone = Guarded && stream;
        response.Content.Headers.ContentEncoding.ShouldBe(undone ? [] : ["gzip"]);
        await using var body = await response.Content.ReadAsStreamAsync();
        await using var plain = undone ? body : new GZipStream(body, CompressionMode.Decompress);
        using var reader = new StreamReader(plain, Encoding.UTF8);
        var text = await reader.ReadToEndAsync();
        text.ShouldStartWith(stream ? "data: {" : "{");
        text.ShouldContain("\"prompt_tokens\":");
    }

    [Theory]
    [InlineData("[[cut]]")]
    [InlineData("[[reset]]")]
    public async Task A_broken_answer_is_billed_as_aborted(string how)
    {
        await using var source = await StartAsync();
        await Should.ThrowAsync<Exception>(() => TextAsync(source, $"hi [[tokens=50]]{how}"));
        var billed = await source.BilledAsync();
        (billed.Completed, billed.Output).ShouldBe((false, 50));
    }

    [Fact]
    public async Task A_stalled_answer_waits_for_the_client_to_go()
    {
        await using var source = await StartAsync();
        using (var response = await source.ChatAsync("hi [[stall]]"))
        {
            var body = await response.Content.ReadAsStreamAsync();
            (await body.ReadAsync(new byte[16])).ShouldBeGreaterThan(0);
            source.Witness.Calls.ShouldBeEmpty();
        }
        (await source.BilledAsync()).Completed.ShouldBeFalse();
    }

    [Fact]
    public async Task What_arrived_can_be_compared()
    {
        await using var source = await StartAsync();
        await TextAsync(source, "what arrived?");
        var arrived = source.Witness.Last("chat")!;
        (arrived.Method, arrived.Target).ShouldBe(("POST", "/v1/chat/completions"));
        arrived.Headers["authorization"].ShouldBe($"Bearer {Source.Key}");
        Encoding.UTF8.GetString(arrived.Body).ShouldContain("what arrived?");
        source.Witness.Last("responses").ShouldBeNull();
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model":"m","messages":[]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1.5}""")]
    public async Task A_wrong_request_is_refused_and_not_billed(string body)
    {
        await using var source = await StartAsync();
        using var response = await source.SendAsync(
            HttpMethod.Post,
            "/v1/chat/completions",
            body,
            ("Authorization", $"Bearer {Source.Key}")
        );
        ((int)response.StatusCode).ShouldBe(400);
        source.Witness.Refused.ShouldBe(Guarded ? 0 : 1);
        source.Witness.Calls.ShouldBeEmpty();
    }

    private static async Task<string> TextAsync(Source source, string text)
    {
        using var response = (await source.ChatAsync(text)).EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync();
    }
}
