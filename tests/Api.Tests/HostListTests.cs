using AgentReadiness.Api.Rules;
using CsCheck;

namespace AgentReadiness.Api.Tests;

/// <summary>A key is sent where its Secret's owner says, and nowhere else.</summary>
public sealed class HostListTests
{
    [Theory]
    [InlineData("api.openai.com", "https://api.openai.com/v1")]
    [InlineData("api.openai.com", "https://API.OpenAI.com:443/v1")]
    [InlineData("a.example, api.openai.com", "https://api.openai.com")]
    [InlineData("a.example\n  api.openai.com\n", "https://api.openai.com")]
    [InlineData("*.openai.azure.com", "https://mine.openai.azure.com/x")]
    [InlineData("*.openai.azure.com", "https://a.b.openai.azure.com/x")]
    [InlineData("provider:8443", "https://provider:8443/v1")]
    [InlineData("http://provider:8080", "http://provider:8080/v1")]
    [InlineData("http://provider.shop.svc", "http://provider.shop.svc/v1")]
    public void A_host_that_is_listed_gets_the_key(string list, string url) => HostList.Allows(list, url).ShouldBeTrue();

    [Theory]
    [InlineData(null, "https://api.openai.com")]
    [InlineData("", "https://api.openai.com")]
    [InlineData("*", "https://api.openai.com")]
    [InlineData("*.com", "https://api.openai.com")]
    [InlineData("*.", "https://api.openai.com")]
    [InlineData("https://*", "https://api.openai.com")]
    [InlineData("api.openai.com", "http://api.openai.com")]
    [InlineData("api.openai.com", "https://api.openai.com:8443")]
    [InlineData("api.openai.com", "https://api.openai.com.evil.example")]
    [InlineData("api.openai.com", "https://evil.example/api.openai.com")]
    [InlineData("api.openai.com", "https://api.openai.com@evil.example/")]
    [InlineData("api.openai.com", "https://xapi.openai.com")]
    [InlineData("api.openai.com", "https://api.openai.com./")]
    [InlineData("*.openai.azure.com", "https://openai.azure.com")]
    [InlineData("*.openai.azure.com", "https://evilopenai.azure.com")]
    [InlineData("*.openai.azure.com", "https://evil.example/.openai.azure.com")]
    [InlineData("http://provider:8080", "http://localhost:8080")]
    [InlineData("http://provider:8080", "https://provider:8080")]
    [InlineData("api.openai.com/v1", "https://api.openai.com/v1")]
    [InlineData("api.openai.com", "api.openai.com")]
    [InlineData("api.*.com", "https://api.openai.com")]
    public void A_host_that_is_not_listed_gets_nothing(string? list, string url) => HostList.Allows(list, url).ShouldBeFalse();

    [Fact]
    public void Whatever_the_URL_only_its_own_host_decides() =>
        Gen.Select(Text, Text, Text)
            .Sample(
                (before, host, after) =>
                {
                    var url = $"https://{before}{host}{after}";
                    if (HostList.Allows("api.openai.com, *.openai.azure.com", url) && Uri.TryCreate(url, UriKind.Absolute, out var address))
                        (
                            address.Host == "api.openai.com" || address.Host.EndsWith(".openai.azure.com", StringComparison.Ordinal)
                        ).ShouldBeTrue(url);
                },
                iter: 20_000
            );

    private static readonly Gen<string> Text = Gen.Int[0, 9]
        .Select(i => ((string[])["", "api.openai.com", ".openai.azure.com", "a", "@", "/", "\\", "#", ":443", "evil.example"])[i]);
}
