using System.Net.Sockets;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What the agent does with its own body, and how long an answer then goes on, says nothing about the upstream.</summary>
public sealed class UploadTests
{
    private const string Chunked = "POST /tool/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    private const string Counted = "POST /tool/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nConnection: close\r\n\r\n";

    private static ReliabilityPolicy Breaker(string? slow = null, string openFor = "1h") =>
        new()
        {
            CircuitBreaker = new CircuitPolicy
            {
                MinimumCalls = 3,
                OpenFor = openFor,
                SlowCallAfter = slow,
            },
        };

    [Theory]
    [InlineData("5\r\nhello\r\nZZZ\r\n")]
    [InlineData("5\r\nhello\r\n-1\r\n")]
    [InlineData("5\r\nhelloworld\r\n0\r\n\r\n")]
    [InlineData("ZZZ\r\n")]
    public async Task A_body_that_is_not_framed_as_http_says_is_the_agents_fault(string body)
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        for (var call = 0; call < 4; call++)
        {
            var answer = await RawAsync(upstream, Chunked + body);
            answer.ShouldStartWith("HTTP/1.1 400");
            answer.ShouldContain("incomplete_body");
        }
        await IsClosed(upstream);
    }

    [Fact]
    public async Task A_body_that_ends_early_is_the_agents_fault()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        for (var call = 0; call < 4; call++)
            await Record.ExceptionAsync(() => RawAsync(upstream, Counted + "hello", endsEarly: true));
        var calls = upstream.Rig.Guardrail.Services.GetRequiredService<Guardrail.Calls.CallPipeline>().Calls;
        (await calls.WaitUntilEmptyAsync(TimeSpan.FromSeconds(10), TimeProvider.System, default)).ShouldBeTrue();
        await IsClosed(upstream);
    }

    [Fact]
    public async Task A_body_that_does_not_come_in_time_is_no_failure_of_the_upstream()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1, timeout: "400ms");
        for (var call = 0; call < 4; call++)
        {
            var answer = await RawAsync(upstream, Counted + "hello");
            answer.ShouldStartWith("HTTP/1.1 504");
            answer.ShouldContain("body of the request");
        }
        await IsClosed(upstream);

        // The same, but for the upstream that is silent when it has the whole body.
        upstream.Does = (http, _) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        for (var call = 0; call < 2; call++)
            (await RawAsync(upstream, Counted + "helloworld")).ShouldContain("did not answer");
        Circuit(upstream).State.ShouldBe(CircuitState.Open);
    }

    [Fact]
    public async Task A_slow_upload_is_no_slow_answer_and_a_slow_answer_to_an_upload_is_one()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(slow: "800ms"), attempts: 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RawAsync(upstream, Counted + "hello", later: "world")));
        await IsClosed(upstream);

        upstream.Does = (_, _) => Task.Delay(1000);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RawAsync(upstream, Counted + "helloworld")));
        Circuit(upstream).State.ShouldBe(CircuitState.Open);
    }

    [Fact]
    public async Task The_clock_of_the_upstream_begins_with_the_end_of_the_body()
    {
        var time = new FakeTimeProvider();
        var body = new System.IO.Pipelines.Pipe();
        using var upload = new UploadContent(body.Reader.AsStream(), time);
        var sending = upload.CopyToAsync(Stream.Null);
        upload.IsWaiting.ShouldBeTrue();
        upload.IsAtFault(UpstreamFault.Timeout).ShouldBeTrue();
        upload.IsAtFault(UpstreamFault.BrokenOff).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(5));
        upload.SinceEnd.ShouldBe(TimeSpan.Zero);
        await body.Writer.CompleteAsync();
        await sending;
        time.Advance(TimeSpan.FromSeconds(2));
        upload.SinceEnd.ShouldBe(TimeSpan.FromSeconds(2));
        upload.IsAtFault(UpstreamFault.Timeout).ShouldBeFalse();
    }

    [Theory]
    [InlineData(200, (int)CircuitState.Closed)]
    [InlineData(404, (int)CircuitState.Closed)]
    [InlineData(503, (int)CircuitState.Open)]
    public async Task A_try_has_its_verdict_when_the_headers_come_however_long_its_answer_goes_on(int status, int state)
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(openFor: "300ms"), attempts: 1);
        upstream.Answers(500);
        for (var call = 0; call < 3; call++)
            await upstream.SendAsync("POST", "/tool/x", "{}");
        Circuit(upstream).State.ShouldBe(CircuitState.Open);
        var end = new SemaphoreSlim(0);
        upstream.Does = async (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(": begun\n\n");
            await http.Response.Body.FlushAsync();
            await end.WaitAsync();
        };
        var probe = await UntilItPassesAsync(upstream);
        ((int)probe.StatusCode).ShouldBe(status);
        Circuit(upstream).State.ShouldBe((CircuitState)state);
        end.Release();
        (await probe.Content.ReadAsStringAsync()).ShouldContain("begun");
        Circuit(upstream).State.ShouldBe((CircuitState)state);
        probe.Dispose();
    }

    [Fact]
    public async Task An_answer_that_breaks_off_later_counts_as_one_that_failed()
    {
        await using var upstream = await FailingUpstream.StartAsync(Breaker(), attempts: 1);
        upstream.Does = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(": begun\n\n");
            await http.Response.Body.FlushAsync();
            http.Abort();
        };
        for (var call = 0; call < 3; call++)
            await Record.ExceptionAsync(() => upstream.SendAsync("POST", "/tool/x", "{}"));
        await upstream.Rig.Log.UntilAsync("state=Open reason=FailuresOverShare", 1);
    }

    private static CircuitBreaker Circuit(FailingUpstream upstream) =>
        upstream.Rig.Guardrail.Services.GetRequiredService<UpstreamStates>().Of("tool").Circuit;

    private static async Task IsClosed(FailingUpstream upstream)
    {
        (await upstream.SendAsync("POST", "/tool/x", "{}")).Status.ShouldBe(200);
        Circuit(upstream).State.ShouldBe(CircuitState.Closed);
    }

    /// <summary>Calls until the breaker lets one pass, and tells its headers.</summary>
    private static async Task<HttpResponseMessage> UntilItPassesAsync(FailingUpstream upstream)
    {
        var uri = new Uri($"http://127.0.0.1:{upstream.Rig.EgressPort}/tool/long");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var seen = upstream.Seen.Count;
            using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new StringContent("{}") };
            var response = await upstream.Rig.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (upstream.Seen.Count > seen)
                return response;
            response.Dispose();
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Sends bytes as they are, and reads what comes until the connection ends.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="request">The bytes.</param>
    /// <param name="endsEarly">Nothing more will come, and the guardrail can see that.</param>
    /// <param name="later">More bytes, which come so late that an answer would be slow.</param>
    private static async Task<string> RawAsync(FailingUpstream upstream, string request, bool endsEarly = false, string? later = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", upstream.Rig.EgressPort);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        if (endsEarly)
            client.Client.Shutdown(SocketShutdown.Send);
        if (later is not null)
        {
            await Task.Delay(1200);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(later));
        }
        using var reader = new StreamReader(stream);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return await reader.ReadToEndAsync(patience.Token);
    }
}
