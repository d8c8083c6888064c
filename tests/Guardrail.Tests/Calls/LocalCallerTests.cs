using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Tests.Upstreams;
using CsCheck;
using Microsoft.AspNetCore.Http;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>The agent's port answers its own names only, and no page in a browser.</summary>
public sealed class LocalCallerTests
{
    [Theory]
    [InlineData("127.0.0.1:15080", null, null, null)]
    [InlineData("localhost", null, null, null)]
    [InlineData("LocalHost:80", null, null, null)]
    [InlineData("[::1]:15080", null, "none", null)]
    [InlineData("127.0.0.1", null, "same-origin", null)]
    [InlineData("evil.example:15080", null, null, "host_not_allowed")]
    [InlineData("127.0.0.1.evil.example", null, null, "host_not_allowed")]
    [InlineData("localhost.evil.example", null, null, "host_not_allowed")]
    [InlineData("localhost.", null, null, "host_not_allowed")]
    [InlineData("localhost:15080.evil", null, null, "host_not_allowed")]
    [InlineData("127.0.0.2", null, null, "host_not_allowed")]
    [InlineData("", null, null, "host_not_allowed")]
    [InlineData("localhost", "http://evil.example", null, "origin_not_allowed")]
    [InlineData("localhost", "null", null, "origin_not_allowed")]
    [InlineData("localhost", "", null, "origin_not_allowed")]
    [InlineData("localhost", "http://localhost:3001", null, "origin_not_allowed")]
    [InlineData("localhost", "http://localhost:3000", "same-site", null)]
    [InlineData("localhost", null, "cross-site", "origin_not_allowed")]
    [InlineData("localhost", null, "same-site", "origin_not_allowed")]
    [InlineData("localhost", null, "Cross-Site", "origin_not_allowed")]
    public void Who_may_call(string host, string? origin, string? site, string? code)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Host = host;
        if (origin is not null)
            request.Headers.Origin = origin;
        if (site is not null)
            request.Headers["Sec-Fetch-Site"] = site;
        LocalCaller.Refuse(request, ["http://localhost:3000"])?.Code.ShouldBe(code);
        (LocalCaller.Refuse(request, ["http://localhost:3000"]) is null).ShouldBe(code is null);
    }

    [Fact]
    public void A_name_that_is_not_listed_never_passes()
    {
        var host = Gen.Char["abclohst127.0:[]%@_-"].Array[0, 24].Select(chars => new string(chars));
        Gen.Select(OneOf("", "127.0.0.1", "localhost", "[::1]"), host)
            .Sample(
                (start, rest) =>
                {
                    var request = new DefaultHttpContext().Request;
                    request.Headers.Host = start + rest;
                    var passes = LocalCaller.Refuse(request, []) is null;
                    var isOwn = System.Text.RegularExpressions.Regex.IsMatch(
                        start + rest,
                        @"\A(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?\z"
                    );
                    passes.ShouldBe(isOwn, start + rest);
                },
                iter: 50_000
            );
    }

    [Fact]
    public async Task A_page_in_a_browser_spends_nothing()
    {
        await using var rig = await Rig.StartAsync();
        var body = Rig.Body("hi");
        var evil = "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n";
        (
            await HeaderTests.SendAsync(rig.EgressPort, "POST /openai/v1/chat/completions", evil, body, "Content-Type: text/plain\r\n")
        ).ShouldStartWith("HTTP/1.1 403");
        (await HeaderTests.SendAsync(rig.EgressPort, "GET http://evil.example/openai/v1/models", "", "")).ShouldStartWith("HTTP/1.1 4");
        rig.Witness.Total(completed: true).Calls.ShouldBe(0);
    }

    [Theory]
    [InlineData("/.well-known/oauth-protected-resource")]
    [InlineData("/.well-known/oauth-protected-resource/mail")]
    [InlineData("/.well-known/oauth-authorization-server/mail")]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/mail/.well-known/openid-configuration")]
    [InlineData("/register")]
    [InlineData("/mail/register")]
    [InlineData("/authorize")]
    [InlineData("/token")]
    public async Task Nobody_has_to_log_in(string path)
    {
        await using var rig = await Rig.StartAsync(config =>
        {
            config.Upstreams =
            [
                new UpstreamConfig
                {
                    Name = "mail",
                    Format = "MCP",
                    Url = "http://127.0.0.1:1/mcp",
                },
            ];
            return config;
        });
        using var response = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.EgressPort}{path}"));
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        rig.Log.All.ShouldNotContain(line => line.Contains("refused", StringComparison.Ordinal));
    }
}
