using System.Net;
using System.Net.Sockets;
using AgentReadiness.Guardrail.Calls;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>Streams that are quiet at first, and what a session's calls wait for.</summary>
public sealed class ToolStreamTests
{
    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    [Theory]
    [InlineData("GET", "/mail", "text/event-stream", "")]
    [InlineData("POST", "/mail", "text/event-stream", Ping)]
    [InlineData("GET", "/bench/x", "application/octet-stream", "")]
    [InlineData("GET", "/bench/x", "text/plain", "")]
    [InlineData("GET", "/openai/v1/models", "application/json", "")]
    [InlineData("POST", "/openai/v1/chat/completions", "text/event-stream", "model")]
    [InlineData("POST", "/openai/v1/chat/completions", "application/json", "model")]
    public async Task The_headers_come_before_the_first_byte_of_the_body(string method, string path, string type, string body)
    {
        using var quiet = new CancellationTokenSource();
        await using var upstream = new LoopbackListener(
            async (client, stop) =>
            {
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[64 * 1024], 1, cancellationToken: stop);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nX-Here: yes\r\n\r\n"), stop);
                // It says nothing more until the client has the headers.
                await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(stop, quiet.Token).Token);
            }
        );
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        using var message = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{rig.EgressPort}{path}");
        if (body.Length > 0)
            message.Content = new StringContent(body == "model" ? Rig.Body("hi") : body, Encoding.UTF8, "application/json");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        using var response = await rig.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.GetValues("X-Here").ShouldBe(["yes"]);
        await quiet.CancelAsync();
    }

    [Fact]
    public async Task Calls_of_a_session_wait_until_its_stream_has_begun()
    {
        var sessions = new McpSessions(TimeProvider.System);
        var opening = sessions.Opening("mail", "s1")!;
        // One stream at a time is waited for.
        sessions.Opening("mail", "s1").ShouldBeNull();
        var waiting = sessions.WaitAsync("mail", "s1", CancellationToken.None);
        waiting.IsCompleted.ShouldBeFalse();
        sessions.WaitAsync("mail", "s2", CancellationToken.None).IsCompleted.ShouldBeTrue();
        sessions.WaitAsync("other", "s1", CancellationToken.None).IsCompleted.ShouldBeTrue();
        opening.Dispose();
        await waiting;
        sessions.WaitAsync("mail", "s1", CancellationToken.None).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stream_that_does_not_begin_holds_calls_for_a_moment_only()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var sessions = new McpSessions(time);
        using var opening = sessions.Opening("mail", "s1");
        var waiting = sessions.WaitAsync("mail", "s1", CancellationToken.None);
        time.Advance(McpSessions.Longest - TimeSpan.FromMilliseconds(1));
        waiting.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromMilliseconds(1));
        await waiting;
    }

    [Fact]
    public async Task No_call_of_a_session_overtakes_its_stream()
    {
        var order = new List<string>();
        await using var upstream = new LoopbackListener(
            async (client, stop) =>
            {
                var stream = client.GetStream();
                var buffer = new byte[64 * 1024];
                while (await stream.ReadAsync(buffer, stop) is > 0 and var read)
                {
                    var method = Encoding.ASCII.GetString(buffer, 0, read).Split(' ')[0];
                    lock (order)
                        order.Add(method);
                    var head = method == "GET" ? "Content-Type: text/event-stream\r\n\r\n: open\n\n" : "Content-Length: 2\r\n\r\n{}";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{head}"), stop);
                }
            }
        );
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        var sessions = (McpSessions)rig.Guardrail.Services.GetService(typeof(McpSessions))!;
        for (var i = 0; i < 50; i++)
        {
            using var get = new TcpClient();
            await get.ConnectAsync(IPAddress.Loopback, rig.EgressPort);
            await get.GetStream()
                .WriteAsync(Encoding.ASCII.GetBytes($"GET /mail HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: s{i}\r\n\r\n"));
            // The guardrail has seen the stream's request: from here on, the call must be behind it.
            var before = 2 * i;
            var session = $"s{i}";
            await Soon.Until(() => sessions.Knows("mail", session) || order.Count > before, "the stream's request");
            using var post = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}/mail");
            post.Content = new StringContent(Ping, Encoding.UTF8, "application/json");
            post.Headers.Add("Mcp-Session-Id", $"s{i}");
            using var response = await rig.Http.SendAsync(post);
            lock (order)
                order.Skip(2 * i).ShouldBe(["GET", "POST"]);
        }
    }
}
