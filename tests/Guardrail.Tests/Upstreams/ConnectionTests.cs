using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Upstreams;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Runs when no other test does: hundreds of calls at once would take their time from those that wait for a second.</summary>
[CollectionDefinition(nameof(ConnectionTests), DisableParallelization = true)]
public sealed class ConnectionTestsRunAlone;

/// <summary>
/// How many connections the guardrail opens to a provider, and what becomes of a call whose connection the provider is just closing.
/// </summary>
[Collection(nameof(ConnectionTests))]
public sealed class ConnectionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestAuthority authority = new();

    [Fact]
    public async Task Calls_beyond_the_limit_of_connections_wait_for_one()
    {
        const int more = 8;
        await using var provider = await HoldingProvider.StartAsync(null);
        await using var rig = await StartAsync(
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = $"http://127.0.0.1:{provider.Port}/v1",
            },
            provider.Port
        );
        var calls = Enumerable
            .Range(0, Upstream.MostConnections + more)
            .Select(_ => rig.Http.GetAsync(new Uri(rig.BaseUrl + "/models")))
            .ToList();
        await provider.ArrivedAsync(Upstream.MostConnections).WaitAsync(Patience);
        var egress = rig.Guardrail.Services.GetRequiredService<CallPipeline>();
        while (egress.Calls.Count < Upstream.MostConnections + more)
            await Task.Yield();
        // Its own connections: what would arrive beside those that are held has arrived before this.
        (await rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{rig.EgressPort}/other/free"))).ShouldBe("free");
        provider.Arrived.ShouldBe(Upstream.MostConnections);
        provider.Release();
        foreach (var call in calls)
        {
            using var response = await call.WaitAsync(Patience);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        provider.Arrived.ShouldBe(Upstream.MostConnections + more);
        // One more for the call beside them.
        provider.Connections.ShouldBe(Upstream.MostConnections + 1);
    }

    [Fact]
    public async Task Over_HTTP2_many_calls_share_few_connections()
    {
        const int calls = 150;
        await using var provider = await HoldingProvider.StartAsync(authority.Listen());
        await using var rig = await StartAsync(
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = $"https://127.0.0.1:{provider.Port}/v1",
                CaFile = authority.Path,
            },
            provider.Port
        );
        var running = Enumerable.Range(0, calls).Select(_ => rig.Http.GetAsync(new Uri(rig.BaseUrl + "/models"))).ToList();
        // 100 of them fill a connection; the others are not to wait for it.
        await provider.ArrivedAsync(calls).WaitAsync(Patience);
        provider.Connections.ShouldBe(2);
        provider.Release();
        foreach (var call in running)
        {
            using var response = await call.WaitAsync(Patience);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_the_provider_has_not_begun_is_sent_again_and_paid_once(bool goAway)
    {
        await using var provider = new RefusingHttp2Provider(authority.Issue(), goAway);
        await using var rig = await StartAsync(
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = $"https://127.0.0.1:{provider.Port}/v1",
                CaFile = authority.Path,
            },
            provider.Port
        );
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        (response.StatusCode, await response.Content.ReadAsStringAsync()).ShouldBe((HttpStatusCode.OK, RefusingHttp2Provider.Answer));
        (await rig.BookedAsync(1))[0].ShouldContain("call settled");
        rig.Account.Totals.Unproven.Cost.ShouldBe(Money.Zero);
        provider.Bodies.Count.ShouldBe(2);
        Encoding.UTF8.GetString(provider.Bodies[1]).ShouldContain("hello");
        provider.Bodies[1].ShouldBe(provider.Bodies[0]);
    }

    [Fact]
    public async Task A_streamed_body_cannot_be_sent_again_and_the_agent_is_told()
    {
        await using var provider = new RefusingHttp2Provider(authority.Issue(), goAway: false);
        await using var rig = await StartAsync(
            new UpstreamConfig
            {
                Name = "bench",
                Format = "HTTP",
                Url = $"https://127.0.0.1:{provider.Port}/tools",
                CaFile = authority.Path,
            },
            provider.Port
        );
        using var response = await rig.PostAsync("/bench/search", "{}");
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        (await response.Content.ReadAsStringAsync()).ShouldContain("upstream_unreachable");
    }

    public void Dispose() => authority.Dispose();

    private static Task<Rig> StartAsync(UpstreamConfig upstream, int port) =>
        Rig.StartAsync(
            (config, _, _) =>
            {
                config.Upstreams =
                [
                    upstream,
                    new UpstreamConfig
                    {
                        Name = "other",
                        Format = "HTTP",
                        Url = $"http://127.0.0.1:{port}",
                    },
                ];
                config.ModelCall.Timeout = "60s";
                return config;
            }
        );
}
