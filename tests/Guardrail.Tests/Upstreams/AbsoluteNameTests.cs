using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Where a key is sent, no search domain of the pod's resolver puts another host in the place of the named one.</summary>
public sealed class AbsoluteNameTests
{
    [Theory]
    [InlineData("openrouter.ai", "openrouter.ai.")]
    [InlineData("api.openai.com", "api.openai.com.")]
    [InlineData("api.openai.com.", "api.openai.com.")]
    [InlineData("svc.example.com", "svc.example.com.")]
    [InlineData("example.svcs", "example.svcs.")]
    [InlineData("localhost", "localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("provider.shop.svc", "provider.shop.svc")]
    [InlineData("provider.shop.svc.cluster.local", "provider.shop.svc.cluster.local")]
    public void Is_asked_for(string host, string name) => AbsoluteName.Of(host).ShouldBe(name);

    [Theory]
    [InlineData("/keys/key", true)]
    [InlineData(null, false)]
    public void Only_where_a_key_is_sent(string? key, bool absolute)
    {
        var config = new UpstreamConfig
        {
            Name = "a",
            Format = "OpenAI",
            Url = "https://openrouter.ai",
            KeyFile = key,
        };
        using var handler = Upstream.Handler(config);
        (handler.ConnectCallback == AbsoluteName.ConnectAsync).ShouldBe(absolute);
    }

    [Fact]
    public void No_host_of_two_labels_is_asked_for_below_a_search_domain() =>
        Gen.Select(Gen.Char["abcxyz0129-"].Array[1, 10], Gen.Char["abcsvxyz-"].Array[1, 6])
            .Where(pair => !new string(pair.Item2).Equals("svc", StringComparison.Ordinal))
            .Select(pair => $"{new string(pair.Item1)}.{new string(pair.Item2)}")
            .Sample(host => AbsoluteName.Of(host).EndsWith('.') || System.Net.IPAddress.TryParse(host, out _));
}
