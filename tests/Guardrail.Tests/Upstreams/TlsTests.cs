using System.ClientModel;
using System.Net;
using System.Net.Security;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Providers behind TLS: whom the guardrail believes, and what it speaks with them.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority authority = new();

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task The_best_protocol_is_spoken_streaming_and_not_and_metered(HttpProtocols spoken, string protocol)
    {
        await using var rig = await StartAsync(authority.Listen(spoken));
        (await rig.Client().CompleteChatAsync("What is 17 + 25?")).Value.Content[0].Text.ShouldBe("42");
        rig.Witness.Last("chat")!.Protocol.ShouldBe(protocol);
        var (text, updates) = ("", 0);
        ChatTokenUsage? usage = null;
        await foreach (var update in rig.Client().CompleteChatStreamingAsync("[[tokens=100]][[cached=2]]"))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
            updates++;
        }
        rig.Witness.Last("chat")!.Protocol.ShouldBe(protocol);
        usage!.OutputTokenCount.ShouldBe(100);
        text.Length.ShouldBe(400);
        updates.ShouldBeGreaterThan(10);
        await rig.CallsAsync(2);
        rig.Witness.Total(completed: true).Calls.ShouldBe(2);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Over_HTTP2_the_key_is_replaced_too_and_the_agents_goes_nowhere()
    {
        await using var rig = await StartAsync(authority.Listen());
        await rig.Client().CompleteChatAsync("hello");
        var arrived = rig.Witness.Last("chat")!;
        arrived.Protocol.ShouldBe("HTTP/2");
        arrived.Headers["authorization"].ShouldBe($"Bearer {Rig.Key}");
        string.Join('\n', arrived.Headers).ShouldNotContain(Rig.Placeholder);
        arrived.Headers.Keys.ShouldNotContain("Connection");
    }

    [Theory]
    [InlineData("[[cut]]")]
    [InlineData("[[reset]]")]
    public async Task A_stream_that_breaks_off_over_HTTP2_is_unproven(string how)
    {
        await using var rig = await StartAsync(authority.Listen());
        await Should.ThrowAsync<Exception>(async () =>
        {
            await foreach (var _ in rig.Client().CompleteChatStreamingAsync($"[[tokens=100]]{how}")) { }
        });
        (await rig.CallsAsync(1))[0].ShouldContain("call unproven");
        rig.Account.Totals.Unproven.Cost.ShouldBeGreaterThan(rig.Billed(completed: false));
    }

    [Fact]
    public async Task A_chain_through_an_intermediate_holds_for_every_connection()
    {
        using var intermediate = authority.Intermediate();
        var tls = new HttpsConnectionAdapterOptions
        {
            ServerCertificate = authority.Issue(by: intermediate),
            ServerCertificateChain = [intermediate],
        };
        await using var rig = await StartAsync(listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(tls);
        });
        // Side by side: connections of their own, the later ones perhaps resumed.
        foreach (var _ in Enumerable.Range(0, 3))
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => rig.Client().CompleteChatAsync("hello")));
        rig.Witness.Total(completed: true).Calls.ShouldBe(12);
    }

    [Theory]
    [InlineData("another host", "its certificate is for another host")]
    [InlineData("another authority", "does not vouch for its certificate: ")]
    [InlineData("no intermediate", "does not vouch for its certificate: PartialChain")]
    [InlineData("expired", "does not vouch for its certificate: NotTimeValid")]
    [InlineData("a client's", "does not vouch for its certificate: NotValidForUsage")]
    [InlineData("no TLS", "SecureConnectionError")]
    public async Task Who_is_not_vouched_for_gets_no_byte(string what, string reason)
    {
        using var other = new TestAuthority();
        using var intermediate = authority.Intermediate();
        using var clients = authority.Issue(usage: TestAuthority.ClientAuthentication);
        var listen = what switch
        {
            "another host" => authority.Listen(certificate: authority.Issue("elsewhere.test")),
            "another authority" => other.Listen(),
            "no intermediate" => authority.Listen(certificate: authority.Issue(by: intermediate)),
            "expired" => authority.Listen(certificate: authority.Issue(ends: TimeSpan.FromMinutes(-1))),
            // Kestrel itself refuses a client's certificate, but not where a callback gives it.
            "a client's" => listen =>
                listen.UseHttps(
                    (_, _, _, _) => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = clients }),
                    null!
                ),
            _ => listen => listen.Protocols = HttpProtocols.Http1,
        };
        await using var rig = await StartAsync(listen);
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe((int)HttpStatusCode.BadGateway);
        error.Message.ShouldContain("upstream_unreachable");
        error.Message.ShouldContain(reason);
        // What nothing was sent for costs nothing, and the log says why too.
        (await rig.CallsAsync(1))[0]
            .ShouldContain("call zero");
        rig.Account.Totals.Unproven.Cost.ShouldBe(Money.Zero);
        rig.Log.All.ShouldContain(line => line.Contains("model call failed") && line.Contains(reason));
        rig.Witness.Last("chat").ShouldBeNull();
        using var models = await rig.Http.GetAsync(new Uri(rig.BaseUrl + "/models"));
        models.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        (await models.Content.ReadAsStringAsync()).ShouldContain(reason);
    }

    [Fact]
    public async Task Without_an_authority_of_its_own_only_the_images_count()
    {
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Reaching(config, Upstream(port, key, authority: null)),
            authority.Listen()
        );
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe((int)HttpStatusCode.BadGateway);
        error.Message.ShouldContain("errors in the certificate chain");
        rig.Witness.Last("chat").ShouldBeNull();
    }

    [Fact]
    public async Task A_rotated_authority_holds_for_the_next_connection()
    {
        using var next = new TestAuthority();
        var served = authority.Issue();
        var tls = new HttpsConnectionAdapterOptions { ServerCertificateSelector = (_, _) => Volatile.Read(ref served) };
        await using var rig = await StartAsync(listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(tls);
        });
        (await StatusAsync(rig)).ShouldBe(HttpStatusCode.OK);
        Volatile.Write(ref served, next.Issue());
        (await StatusAsync(rig)).ShouldBe(HttpStatusCode.BadGateway);
        authority.Trust(next);
        (await StatusAsync(rig)).ShouldBe(HttpStatusCode.OK);
        Volatile.Write(ref served, authority.Issue());
        (await StatusAsync(rig)).ShouldBe(HttpStatusCode.BadGateway);
        File.Delete(authority.Path);
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        ((string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["message"]!).ShouldContain(
            "the certificates of caConfigMapRef cannot be read"
        );

        // The connection ends with the answer, so that each call needs a handshake of its own.
        static async Task<HttpStatusCode> StatusAsync(Rig rig)
        {
            using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello [[close]]"));
            return response.StatusCode;
        }
    }

    public void Dispose() => authority.Dispose();

    private Task<Rig> StartAsync(Action<ListenOptions> listen) =>
        Rig.StartAsync((config, port, key) => Reaching(config, Upstream(port, key, authority)), listen);

    private static UpstreamConfig Upstream(int port, string key, TestAuthority? authority) =>
        new()
        {
            Name = "openai",
            Format = "OpenAI",
            Url = $"https://127.0.0.1:{port}/v1",
            KeyFile = key,
            CaFile = authority?.Path,
        };

    private static GuardrailConfig Reaching(GuardrailConfig config, UpstreamConfig upstream)
    {
        config.Upstreams = [upstream];
        return config;
    }
}
