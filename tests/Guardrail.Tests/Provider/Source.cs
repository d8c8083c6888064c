using System.ClientModel;
using System.ClientModel.Primitives;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Samples;
using AgentReadiness.Samples.Provider;
using Anthropic;
using Microsoft.AspNetCore.Builder;
using OpenAI;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The sample provider alone, in this process, and the real clients before it.</summary>
internal sealed class Source : IAsyncDisposable
{
    public const string Key = "sk-the-real-key-0123456789";
    public const string Model = "gpt-5.4-mini";
    private readonly WebApplication? provider;
    private readonly Rig? guard;
    private readonly TestAuthority? authority;

    private Source(WebApplication provider, string url, Witness witness) => (this.provider, Url, Witness) = (provider, url, witness);

    private Source(Rig guard, TestAuthority? authority)
    {
        (this.guard, this.authority, Witness) = (guard, authority, guard.Witness);
        Url = $"{(authority is null ? "http" : "https")}://127.0.0.1:{guard.ProviderPort}";
        if (authority is not null)
            Http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = new PrivateAuthority(authority.Path).Options });
    }

    public string Url { get; }

    public Witness Witness { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    public OpenAIClient OpenAI =>
        new(new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = Reach("/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    public AnthropicClient Anthropic =>
        new()
        {
            BaseUrl = Reach("/v1/messages").AbsoluteUri[..^"/v1/messages".Length],
            ApiKey = Key,
            MaxRetries = 0,
        };

    /// <summary>The guardrail's account, where there is one.</summary>
    public GrantAccount? Account => guard?.Account;

    /// <param name="guarded">With a guardrail between the clients and the provider.</param>
    /// <param name="change">What to change in the guardrail's configuration.</param>
    /// <param name="tls">The guardrail reaches the provider over TLS, and so over HTTP/2.</param>
    public static async Task<Source> StartAsync(bool guarded, Func<GuardrailConfig, GuardrailConfig>? change = null, bool tls = false)
    {
        if (guarded)
        {
            var authority = tls ? new TestAuthority() : null;
            var rig = await Rig.StartAsync(
                (config, port, key) => (change ?? (c => c))(Formats(config, port, key, authority)),
                authority?.Listen()
            );
            return new Source(rig, authority);
        }
        var witness = new Witness();
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var provider = SampleProvider.Build(url, [Key], TimeProvider.System, witness);
        await provider.StartAsync();
        return new Source(provider, url, witness);
    }

    /// <summary>What the guardrail logged.</summary>
    public IEnumerable<string> Log => guard!.Log.All;

    /// <summary>Waits until it has logged a text: what it books last, it may log a little after the books are seen to be closed.</summary>
    public Task LoggedAsync(string text) => guard!.Log.UntilAsync(text, 1);

    /// <summary>Waits until the guardrail has booked all that it was asked for.</summary>
    public async Task SettledAsync()
    {
        while (Account!.Totals.Reserved.Cost > AgentReadiness.Contracts.Money.Zero)
            await Task.Yield();
    }

    /// <summary>Where a path of the provider's is reached: there, or at the guardrail under the upstream of its format.</summary>
    public Uri Reach(string path)
    {
        var upstream =
            path.StartsWith("/v1/messages", StringComparison.Ordinal) ? "anthropic"
            : path.StartsWith("/v1beta/", StringComparison.Ordinal) ? "gemini"
            : path.StartsWith("/api/", StringComparison.Ordinal) ? "ollama"
            : path == "/mcp" ? "mail"
            : path.StartsWith("/tools/", StringComparison.Ordinal) ? "bench"
            : "openai";
        return guard is null || path.StartsWith("/_", StringComparison.Ordinal)
            ? new Uri(Url + path)
            : new Uri(
                $"http://127.0.0.1:{guard.EgressPort}/{upstream}"
                    + $"{(upstream is "mail" ? "" : path[(upstream is "bench" ? "/tools".Length : 0)..])}"
            );
    }

    private static GuardrailConfig Formats(GuardrailConfig config, int port, string key, TestAuthority? authority)
    {
        UpstreamConfig Upstream(string name, string format, string path = "") =>
            new()
            {
                Name = name,
                Format = format,
                Url = $"{(authority is null ? "http" : "https")}://127.0.0.1:{port}{path}",
                CaFile = authority?.Path,
                KeyFile = name == "ollama" ? null : key,
            };
        return new GuardrailConfig
        {
            Agent = config.Agent,
            Upstreams =
            [
                Upstream("openai", "OpenAI"),
                Upstream("anthropic", "Anthropic"),
                Upstream("gemini", "Gemini"),
                Upstream("mail", "MCP", "/mcp"),
                Upstream("bench", "HTTP", "/tools"),
                Upstream("ollama", "HTTP"),
            ],
            ModelCall = config.ModelCall,
            DrainTimeout = config.DrainTimeout,
        };
    }

    /// <summary>Waits for so many calls and gives the last one.</summary>
    public async Task<BilledCall> BilledAsync(int count = 1)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return (await Witness.UntilAsync(count, patience.Token))[^1];
    }

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? body,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, Reach(path));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public Task<HttpResponseMessage> ChatAsync(string text, bool stream = true) =>
        SendAsync(
            HttpMethod.Post,
            "/v1/chat/completions",
            $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"{{JsonEncodedText.Encode(text)}}"}]"""
                + $$""","stream":{{(stream ? "true" : "false")}},"stream_options":{"include_usage":true} }""",
            ("Authorization", $"Bearer {Key}")
        );

    public Task<HttpResponseMessage> GeminiAsync(string method, string text, string extra = "", string query = "") =>
        SendAsync(
            HttpMethod.Post,
            $"/v1beta/models/gemini-2.5-flash:{method}{query}",
            $$$"""{"contents":[{"role":"user","parts":[{"text":"{{{JsonEncodedText.Encode(text)}}}"}]}]{{{extra}}} }""",
            ("x-goog-api-key", Key)
        );

    public static async Task<JsonNode> JsonAsync(HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (guard is not null)
            await guard.DisposeAsync();
        authority?.Dispose();
        if (provider is null)
            return;
        await provider.StopAsync(new CancellationToken(canceled: true));
        await provider.DisposeAsync();
    }
}
