using System.ClientModel;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Providers behind a proxy. Their names mean something to the proxy alone, so that what arrives has gone through it.</summary>
public sealed class ProxyTests : IDisposable
{
    private const string Host = "provider.test";
    private readonly TestAuthority authority = new();

    [Fact]
    public async Task A_tunnel_leads_to_a_TLS_provider_and_the_proxy_sees_no_key()
    {
        TestProxy? proxy = null;
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Behind(config, proxy = new TestProxy(port), $"https://{Host}/v1", key),
            authority.Listen(certificate: authority.Issue(Host))
        );
        await using var stopping = proxy!;
        (await rig.Client().CompleteChatAsync("What is 17 + 25?")).Value.Content[0].Text.ShouldBe("42");
        await StreamAsync(rig);
        await rig.CallsAsync(2);

        proxy!.Lines.ShouldBe([$"CONNECT {Host}:443 HTTP/1.1"]);
        string.Join('\n', proxy.Heads).ShouldNotContain("sk-");
        var arrived = rig.Witness.Last("chat")!;
        arrived.Protocol.ShouldBe("HTTP/2");
        arrived.Headers["authorization"].ShouldBe($"Bearer {Rig.Key}");
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Behind_a_tunnel_the_certificate_counts_all_the_same()
    {
        TestProxy? proxy = null;
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Behind(config, proxy = new TestProxy(port), $"https://{Host}/v1", key),
            authority.Listen()
        );
        await using var stopping = proxy!;
        (await RefusalAsync(rig)).ShouldContain("its certificate is for another host");
        proxy!.Heads.Count.ShouldBe(1);
        rig.Witness.Last("chat").ShouldBeNull();
    }

    [Fact]
    public async Task A_plain_provider_is_forwarded_to_with_our_key_instead_of_the_agents()
    {
        TestProxy? proxy = null;
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Behind(config, proxy = new TestProxy(port), $"http://{Host}/v1", key)
        );
        await using var stopping = proxy!;
        using var message = new HttpRequestMessage(HttpMethod.Post, rig.BaseUrl + "/chat/completions")
        {
            Content = new StringContent(Rig.Body("hello")),
        };
        message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Rig.Placeholder}");
        message.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic of-the-agent");
        using var response = await rig.Http.SendAsync(message);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        await StreamAsync(rig);
        await rig.CallsAsync(2);

        proxy!.Lines.ShouldBe(Enumerable.Repeat($"POST http://{Host}/v1/chat/completions HTTP/1.1", 2));
        string.Join('\n', proxy.Heads).ShouldNotContain("of-the-agent");
        string.Join('\n', proxy.Heads).ShouldNotContain(Rig.Placeholder);
        rig.Witness.Last("chat")!.Headers["authorization"].ShouldBe($"Bearer {Rig.Key}");
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(403, "ProxyTunnelError, the proxy answered 403")]
    [InlineData(407, "ProxyTunnelError, the proxy answered 407")]
    public async Task A_proxy_that_refuses_is_named_and_costs_nothing(int status, string reason)
    {
        TestProxy? proxy = null;
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Behind(config, proxy = new TestProxy(port, status), $"https://{Host}/v1", key),
            authority.Listen()
        );
        await using var stopping = proxy!;
        (await RefusalAsync(rig)).ShouldContain(reason);
        (await rig.CallsAsync(1))[0].ShouldContain("call zero");
        rig.Account.Totals.Unproven.Cost.ShouldBe(Money.Zero);
    }

    [Fact]
    public async Task Without_its_proxy_a_provider_is_not_reached()
    {
        TestProxy? proxy = null;
        await using var rig = await Rig.StartAsync(
            (config, port, key) => Behind(config, proxy = new TestProxy(port), $"http://127.0.0.1:{port}/v1", key)
        );
        await proxy!.DisposeAsync();
        (await RefusalAsync(rig)).ShouldContain("upstream_unreachable");
        rig.Witness.Last("chat").ShouldBeNull();
    }

    public void Dispose() => authority.Dispose();

    private static async Task<string> RefusalAsync(Rig rig)
    {
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe((int)HttpStatusCode.BadGateway);
        return error.Message;
    }

    private static async Task StreamAsync(Rig rig)
    {
        var length = 0;
        await foreach (var update in rig.Client().CompleteChatStreamingAsync([new UserChatMessage("[[tokens=60]]")]))
            length += update.ContentUpdate.Sum(part => part.Text.Length);
        length.ShouldBe(240);
    }

    private GuardrailConfig Behind(GuardrailConfig config, TestProxy proxy, string url, string key)
    {
        config.Upstreams =
        [
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = url,
                KeyFile = key,
                CaFile = authority.Path,
                Proxy = proxy.Url,
            },
        ];
        return config;
    }
}
