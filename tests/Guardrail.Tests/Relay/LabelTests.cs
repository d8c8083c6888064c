using System.IO.Compression;
using System.Net;
using AgentReadiness.Contracts.Guardrail;
using CsCheck;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Relay;

/// <summary>What an answer is, is told by its bytes: whatever its labels say, nothing unasked is shown and no limit is passed.</summary>
public sealed class LabelTests
{
    private const int Limit = 50;
    private const int Written = 900;

    private const string Begin = $"data: {{\"id\":\"c1\",\"model\":\"{Rig.Model}\",";

    // The provider writes far more than it was asked for, and a usage chunk that the agent did not ask for.
    private static readonly string Long =
        string.Concat(
            Enumerable
                .Range(0, Written)
                .Select(i => $"{Begin}\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word{i:0000} \"}}}}]}}\n\n")
        )
        + $"data: {{\"id\":\"c1\",\"model\":\"{Rig.Model}\",\"choices\":[],\"usage\":"
        + $"{{\"prompt_tokens\":9,\"completion_tokens\":{Written},\"total_tokens\":{9 + Written}}}}}\n\ndata: [DONE]\n\n";

    private static readonly string Short =
        $"{Begin}\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"hello\"}}}}],\"usage\":null}}\n\n"
        + $"data: {{\"id\":\"c1\",\"model\":\"{Rig.Model}\",\"choices\":[],\"usage\":"
        + "{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\ndata: [DONE]\n\n";

    private static readonly Gen<Label> Labels = Gen.Select(
            OneOf(
                "Content-Type: text/event-stream\r\n",
                "Content-Type: TEXT/Event-Stream; Charset=UTF-8\r\n",
                "Content-Type: text/plain\r\n",
                "Content-Type: application/json\r\n",
                "Content-Type: application/octet-stream\r\n",
                "Content-Type: nonsense\r\n",
                "Content-Type: \r\n",
                ""
            ),
            OneOf("", "identity", "none", "Identity, NONE", "gzip", "x-gzip", "br", "deflate"),
            OneOf("", "\n\n", "\uFEFF", "\uFEFF \r\n", ": ok\n\n", "event: x\n", "   \t"),
            Gen.Bool
        )
        .Select(pair => new Label(pair.Item1, pair.Item2, pair.Item3, pair.Item4));

    [Fact]
    public async Task A_stream_is_recognised_whatever_its_labels_say()
    {
        Label current = null!;
        await using var provider = new RawUpstream(_ => current.Answer());
        await using var rig = await Rig.StartAsync(config => Before(config, provider));
        var calls = 0;
        // Sample has no asynchronous form that runs one after the other.
        foreach (var label in Labels.Array[160].Single().Append(new("Content-Type: text/plain\r\n", "", "", true)))
        {
            current = label;
            using var response = await rig.PostAsync(
                "/openai/v1/chat/completions",
                Rig.Body("hi", $",\"stream\":true,\"max_tokens\":{Limit}")
            );
            response.StatusCode.ShouldBe(HttpStatusCode.OK, label.ToString());
            var text = await response.Content.ReadAsStringAsync();
            text.ShouldNotContain("usage", Case.Sensitive, label.ToString());
            text.ShouldEndWith("data: [DONE]\n\n", Case.Sensitive, label.ToString());
            text.Split("\"content\"").Length.ShouldBeLessThan(Limit * 4, label.ToString());
            await rig.BookedAsync(++calls);
            rig.Account.Totals.Reserved.Cost.ShouldBe(Contracts.Money.Zero);
            if (label.IsLong)
                Acknowledge(rig);
        }
    }

    [Theory]
    // Usage beside the finish reason, [DONE], and the connection ends.
    [InlineData(
        "",
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}],\"usage\":{0}",
        "data: [DONE]\n\n"
    )]
    [InlineData(
        "Content-Length: 100000\r\n",
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}],\"usage\":{0}",
        "data: [DONE]\n\n"
    )]
    public async Task What_is_done_is_settled_whatever_becomes_of_the_connection(string head, string members, string end)
    {
        var usage = "{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}";
        var text = $"data: {{\"id\":\"c1\",\"model\":\"{Rig.Model}\",{members.Replace("{0}", usage, StringComparison.Ordinal)}}}\n\n{end}";
        await using var provider = new RawUpstream(_ =>
            Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{head}\r\n{text}")
        );
        await using var rig = await Rig.StartAsync(config => Before(config, provider));
        try
        {
            using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi", ",\"stream\":true"));
            await response.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            // The connection to the agent breaks where the provider's did.
        }
        (await rig.BookedAsync(1))[0].ShouldContain("model call settled");
    }

    [Theory]
    [InlineData(301)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_billed_nothing_and_does_not_name_the_provider(int status)
    {
        await using var provider = new RawUpstream(_ =>
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status} Moved\r\nLocation: http://elsewhere.example/v1\r\nAlt-Svc: h3=\"x:1\"\r\nContent-Length: 0\r\n\r\n"
            )
        );
        await using var rig = await Rig.StartAsync(config => Before(config, provider));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        foreach (var (method, path) in new[] { (HttpMethod.Post, "chat/completions"), (HttpMethod.Get, "models") })
        {
            using var message = new HttpRequestMessage(method, $"{rig.BaseUrl}/{path}");
            if (method == HttpMethod.Post)
                message.Content = new StringContent(Rig.Body("hi"), Encoding.UTF8, "application/json");
            using var response = await client.SendAsync(message);
            ((int)response.StatusCode).ShouldBe(status);
            response.Headers.ToString().ShouldNotContain("elsewhere");
            response.Headers.Contains("Alt-Svc").ShouldBeFalse();
        }
        (await rig.BookedAsync(1))[0].ShouldContain("model call zero");
        rig.Account.Totals.Settled.Cost.ShouldBe(Contracts.Money.Zero);
    }

    /// <summary>The model is let go again, as somebody would who had looked into the overrun.</summary>
    private static void Acknowledge(Rig rig)
    {
        var overruns = (Budget.OverrunList)rig.Guardrail.Services.GetService(typeof(Budget.OverrunList))!;
        overruns.Take(overruns.Own, []);
    }

    private static GuardrailConfig Before(GuardrailConfig config, RawUpstream provider)
    {
        config.Upstreams =
        [
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = $"http://127.0.0.1:{provider.Port}/v1",
            },
        ];
        return config;
    }

    private sealed record Label(string ContentType, string Coding, string Lead, bool IsLong)
    {
        public byte[] Answer()
        {
            var plain = Encoding.UTF8.GetBytes(Lead + (IsLong ? Long : Short));
            var body = Encode(plain);
            var coding = Coding.Length == 0 ? "" : $"Content-Encoding: {Coding}\r\n";
            return Encoding
                .ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{ContentType}{coding}Content-Length: {body.Length}\r\n\r\n")
                .Concat(body)
                .ToArray();
        }

        private byte[] Encode(byte[] plain)
        {
            using var target = new MemoryStream();
            using (
                Stream coder = Coding switch
                {
                    "gzip" or "x-gzip" => new GZipStream(target, CompressionMode.Compress, leaveOpen: true),
                    "br" => new BrotliStream(target, CompressionMode.Compress, leaveOpen: true),
                    "deflate" => new ZLibStream(target, CompressionMode.Compress, leaveOpen: true),
                    _ => new MemoryStream(),
                }
            )
            {
                if (coder is MemoryStream)
                    return plain;
                coder.Write(plain);
            }
            return target.ToArray();
        }
    }
}
