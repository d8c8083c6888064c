using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Samples;
using Anthropic;
using Microsoft.AspNetCore.Builder;
using OpenAI;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The sample provider alone, in this process, and the real clients before it.</summary>
internal sealed class Source : IAsyncDisposable
{
    public const string Key = "sk-the-real-key-0123456789";
    public const string Model = "gpt-5.4-mini";
    private readonly WebApplication provider;

    private Source(WebApplication provider, string url, Witness witness) => (this.provider, Url, Witness) = (provider, url, witness);

    public string Url { get; }

    public Witness Witness { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    public OpenAIClient OpenAI => new(new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = new Uri($"{Url}/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    public AnthropicClient Anthropic => new() { BaseUrl = Url, ApiKey = Key, MaxRetries = 0 };

    public static async Task<Source> StartAsync()
    {
        var witness = new Witness();
        var url = $"http://127.0.0.1:{Rig.FreePort()}";
        var provider = SampleProvider.Build(url, [Key], TimeProvider.System, witness);
        await provider.StartAsync();
        return new Source(provider, url, witness);
    }

    /// <summary>Waits for so many calls and gives the last one.</summary>
    public async Task<BilledCall> BilledAsync(int count = 1)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return (await Witness.UntilAsync(count, patience.Token))[^1];
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public Task<HttpResponseMessage> ChatAsync(string text, bool stream = true) => SendAsync(HttpMethod.Post, "/v1/chat/completions",
        $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"{{JsonEncodedText.Encode(text)}}"}],"stream":{{(stream ? "true" : "false")}},"stream_options":{"include_usage":true} }""",
        ("Authorization", $"Bearer {Key}"));

    public Task<HttpResponseMessage> GeminiAsync(string method, string text, string extra = "", string query = "") => SendAsync(HttpMethod.Post, $"/v1beta/models/gemini-2.5-flash:{method}{query}",
        $$$"""{"contents":[{"role":"user","parts":[{"text":"{{{JsonEncodedText.Encode(text)}}}"}]}]{{{extra}}} }""", ("x-goog-api-key", Key));

    public static async Task<JsonNode> JsonAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await provider.StopAsync(new CancellationToken(canceled: true));
        await provider.DisposeAsync();
    }
}
