using System.Net;
using System.Net.Http.Headers;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>Speaks to the grant port of an operator, over TLS and with tokens of a real API server.</summary>
internal sealed class GrantCaller(KubernetesApi api, OperatorOptions options) : IDisposable
{
    public static readonly ResourceType Accounts = new(string.Empty, "v1", "serviceaccounts", "ServiceAccount");

    // Whom a guardrail trusts is the matter of other tests.
    private readonly HttpClient client = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=agent-readiness-operator",
            },
        }
    );

    public void Dispose() => client.Dispose();

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string? token, string body, string path = GrantProtocol.Path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{options.GrantsPort}{path}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<GrantResponse> GrantAsync(string token, string body)
    {
        var (status, text) = await PostAsync(token, body);
        status.ShouldBe(HttpStatusCode.OK, text);
        return JsonSerializer.Deserialize(text, ContractsJson.Default.GrantResponse)!;
    }

    public Task<string> TokenAsync(string ns, string audience, Seen? pod) => TokenAsync(ns, audience, pod?.Name, pod?.Uid);

    public async Task<string> TokenAsync(string ns, string audience, string? pod, string? uid)
    {
        var answer = await api.SendAsync(
            HttpMethod.Post,
            Accounts.Path(ns, "default", "token"),
            Samples.TokenRequest(audience, pod is null ? null : (pod, uid!)),
            "application/json",
            CancellationToken.None
        );
        return answer.Text("status", "token")!;
    }

    /// <summary>
    /// Sixteen senders of tokens that nobody made, until it is cancelled. Returns how many they sent, all of them refused.
    /// </summary>
    public async Task<int> FloodAsync(CancellationToken over)
    {
        var sent = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(_ =>
                    Task.Run(
                        async () =>
                        {
                            while (!over.IsCancellationRequested)
                            {
                                var (status, _) = await PostAsync(Bad(Interlocked.Increment(ref sent)), "{}");
                                status.ShouldBe(HttpStatusCode.Unauthorized);
                            }
                        },
                        CancellationToken.None
                    )
                )
        );
        return sent;
    }

    /// <summary>A token as the API server makes them, of a pod that nobody has, and with a signature of nobody's.</summary>
    private static string Bad(int number)
    {
        static string Part(string json) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        var bound = new JsonObject
        {
            ["namespace"] = "any",
            ["pod"] = new JsonObject { ["name"] = $"p{number}", ["uid"] = $"u{number}" },
        };
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray(GrantProtocol.Audience),
            ["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600,
            ["sub"] = "system:serviceaccount:any:default",
            ["kubernetes.io"] = bound,
        };
        return $"{Part("""{"alg":"RS256","kid":"x"}""")}.{Part(claims.ToJsonString())}.{Part("signature")}";
    }
}
