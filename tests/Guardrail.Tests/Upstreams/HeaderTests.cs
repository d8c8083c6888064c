using System.Net;
using System.Net.Sockets;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests.Upstreams;

/// <summary>Headers pass as the bytes that they are, or not at all; none of them breaks a call.</summary>
public sealed class HeaderTests
{
    // Any byte that may stand between two line ends.
    private static readonly Gen<string> Value = Gen.Char['\x01', '\xff']
        .Where(c => c is not ('\r' or '\n'))
        .Array[1, 24]
        .Select(chars => "x" + new string(chars) + "x");

    [Fact]
    public async Task A_header_of_an_answer_passes_as_bytes_or_is_left_out_on_every_way()
    {
        var value = "";
        await using var upstream = new RawUpstream(_ =>
            RawUpstream.Answer($"X-Odd: {value}\r\nX-Plain: 1\r\nContent-Type: application/json\r\n", Completion)
        );
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        string[] ways = ["POST /openai/v1/chat/completions", "GET /openai/v1/models", "POST /mail", "GET /bench/x"];
        var calls = 0;
        foreach (var odd in Value.Array[60].Single().Append("千问 café").Append("\u007f"))
        {
            // A character beyond one byte stands for its bytes in UTF-8.
            value = odd.Any(c => c > '\xff') ? Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(odd)) : odd;
            foreach (var way in ways)
            {
                var head = await SendAsync(rig.EgressPort, way, "", way.Contains("mail") ? Ping : Rig.Body("hi"));
                head.ShouldStartWith("HTTP/1.1 200", Case.Sensitive, $"{way} {Convert.ToHexString(Encoding.Latin1.GetBytes(value))}");
                head.ShouldContain("X-Plain: 1");
                var isClean = value.All(c => c is '\t' or (>= ' ' and not '\x7f'));
                head.Contains($"X-Odd: {value.Trim()}\r\n", StringComparison.Ordinal).ShouldBe(isClean, way);
            }
            (await rig.BookedAsync(++calls))[^1].ShouldContain("model call settled");
        }
        rig.Account.Totals.Reserved.Cost.ShouldBe(Contracts.Money.Zero);
        rig.Log.All.ShouldNotContain(line => line.Contains("guardrail_fault", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_agents_own_answer_passes_the_front_door_whatever_its_headers_hold()
    {
        await using var rig = await Rig.StartAsync();
        var value = "";
        await using var agent = new RawUpstream(_ => RawUpstream.Answer($"X-Odd: {value}\r\nX-Plain: 1\r\n", "ok"), rig.AgentPort);
        foreach (var odd in Value.Array[60].Single())
        {
            value = odd;
            var head = await SendAsync(rig.InboundPort, "GET /x", "X-In: caf\xe9\r\n", "");
            head.ShouldStartWith("HTTP/1.1 200", Case.Sensitive, Convert.ToHexString(Encoding.Latin1.GetBytes(value)));
            head.ShouldContain("X-Plain: 1");
        }
        agent.Requests.ShouldAllBe(request => request.Contains("X-In: caf\xe9\r\n"));
    }

    [Theory]
    [InlineData("X-Title: Caf\xe9", true)]
    [InlineData("X-Title: \xe5\x8d\x83", true)]
    [InlineData("HTTP-Referer: https://shop.example", true)]
    [InlineData("OpenAI-Beta: assistants=v2", true)]
    [InlineData("X-Stainless-Lang: csharp", true)]
    [InlineData("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("OpenAI-Organization: org-1", false)]
    [InlineData("OpenAI-Project: p", false)]
    [InlineData("X-HTTP-Method-Override: DELETE", false)]
    [InlineData("X-Method-Override: DELETE", false)]
    [InlineData("X-Original-URL: /v1/files", false)]
    [InlineData("x-goog-user-project: other", false)]
    [InlineData("X-Vertex-AI-LLM-Request-Type: dedicated", false)]
    [InlineData("x-portkey-config: {}", false)]
    [InlineData("extra-parameters: pass-through", false)]
    [InlineData("baggage: customer=acme", false)]
    [InlineData("Cookie: a=b", false)]
    public async Task A_provider_gets_the_headers_that_are_listed(string header, bool passes)
    {
        await using var upstream = new RawUpstream(_ => RawUpstream.Answer("Content-Type: application/json\r\n", Completion));
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        var head = await SendAsync(rig.EgressPort, "POST /openai/v1/chat/completions", header + "\r\n", Rig.Body("hi"));
        head.ShouldStartWith("HTTP/1.1 200");
        upstream.Requests.ShouldHaveSingleItem().Contains(header + "\r\n", StringComparison.OrdinalIgnoreCase).ShouldBe(passes);
    }

    [Fact]
    public void A_name_that_is_not_listed_never_passes()
    {
        var letters = Gen.Char["abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_"].Array[1, 30].Select(chars => new string(chars));
        letters.Sample(
            name =>
            {
                var listed = ProviderHeaders.Names.Contains(name, StringComparer.OrdinalIgnoreCase);
                var family = ProviderHeaders.Families.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));
                ProviderHeaders.May(name).ShouldBe(listed || family);
            },
            iter: 100_000
        );
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("application/json", "application/json")]
    [InlineData("Application/JSON; charset=UTF-8", "Application/JSON; charset=UTF-8")]
    [InlineData("application/json;", "application/json;")]
    [InlineData("application/json; charset=utf-16", "application/json")]
    [InlineData("application/json; charset=utf-7", "application/json")]
    [InlineData("application/json; charset=utf-8; x=y", "application/json")]
    [InlineData("text/plain", "application/json")]
    [InlineData("application/x-www-form-urlencoded", "application/json")]
    [InlineData("multipart/form-data; boundary=x", "application/json")]
    public void What_was_read_as_JSON_is_sent_as_JSON(string? declared, string? sent) => JsonContentType.Sent(declared).ShouldBe(sent);

    [Fact]
    public async Task An_empty_content_type_is_not_made_up()
    {
        await using var upstream = new RawUpstream(_ => RawUpstream.Answer("Content-Type: application/json\r\n", Completion));
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        await SendAsync(rig.EgressPort, "POST /openai/v1/chat/completions", "", Rig.Body("hi"), contentType: "");
        await SendAsync(
            rig.EgressPort,
            "POST /openai/v1/chat/completions",
            "",
            Rig.Body("hi"),
            contentType: "Content-Type: text/plain\r\n"
        );
        upstream.Requests[0].ShouldNotContain("Content-Type", Case.Insensitive);
        upstream.Requests[1].ShouldContain("Content-Type: application/json\r\n");
    }

    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    private static readonly string Completion =
        $$$"""{"id":"c1","model":"{{{Rig.Model}}}","choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}],"""
        + """ "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}""";

    /// <summary>Sends a request as bytes, one for each character, and gives the head of the answer in the same way.</summary>
    internal static async Task<string> SendAsync(
        int port,
        string line,
        string headers,
        string body,
        string contentType = "Content-Type: application/json\r\n"
    )
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        var length = body.Length > 0 ? $"{contentType}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n" : "";
        var text = $"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}{length}\r\n";
        await stream.WriteAsync((byte[])[.. Encoding.Latin1.GetBytes(text), .. Encoding.UTF8.GetBytes(body)]);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return (await reader.ReadToEndAsync()).Split("\r\n\r\n")[0] + "\r\n";
    }
}
