using System.Collections.Concurrent;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>A request that reached a provider.</summary>
internal sealed record ProviderCall(string Path, string Query, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>A provider that does what a test says, and remembers what it saw.</summary>
internal sealed class ToldProvider(WebApplication app, string url) : IAsyncDisposable
{
    private const string Chat = """
        {
          "id": "c", "object": "chat.completion", "model": "{0}", "created": 0,
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
          "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        }
        """;
    private const string Messages = """
        {
          "id": "m", "type": "message", "role": "assistant", "model": "{0}", "stop_reason": "end_turn", "stop_sequence": null,
          "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 100, "output_tokens": 10}
        }
        """;
    private const string Gemini = """
        {
          "candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP", "index": 0}],
          "modelVersion": "{0}", "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110}
        }
        """;

    public string Url => url;

    public ConcurrentQueue<ProviderCall> Seen { get; } = new();

    /// <summary>What it does; null: it answers as it should.</summary>
    public Func<HttpContext, Task>? Does { get; set; }

    public static async Task<ToldProvider> StartAsync()
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add(url);
        var it = new ToldProvider(app, url);
        app.Run(it.ServeAsync);
        await app.StartAsync();
        return it;
    }

    public void Answers(int status) =>
        Does = http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync("its own words");
        };

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Seen.Enqueue(new ProviderCall(http.Request.Path, http.Request.QueryString.Value ?? "", body, headers));
        if (Does is { } does)
        {
            await does(http);
            return;
        }
        var path = http.Request.Path.Value!;
        var whole =
            path.EndsWith("/messages", StringComparison.Ordinal) ? Messages
            : path.Contains("/models/", StringComparison.Ordinal) ? Gemini
            : Chat;
        var model =
            whole == Gemini ? path[(path.LastIndexOf('/') + 1)..path.LastIndexOf(':')] : JsonNode.Parse(body)!["model"]!.GetValue<string>();
        http.Response.ContentType = "application/json";
        foreach (var name in new[] { "X-Agent-Fallback", "X-Agent-Fallbacks", "X-Agent-Chaos" })
            http.Response.Headers[name] = "a lie";
        await http.Response.WriteAsync(whole.Replace("{0}", model, StringComparison.Ordinal));
    }
}

/// <summary>A guardrail before two providers of one format, of which the second is the fallback of the first.</summary>
internal sealed class FallbackRig : IAsyncDisposable
{
    public const string FirstKey = "sk-first-0123456789";
    public const string SecondKey = "sk-second-0123456789";
    public const string Model = "gpt-5.4-mini";
    public const string Other = "gpt-5.4-nano";

    private static readonly Dictionary<string, string> Mapped = new() { [Model] = Other };

    private readonly string folder = Directory.CreateTempSubdirectory("fallback").FullName;

    public required ToldProvider First { get; init; }

    public required ToldProvider Second { get; init; }

    public Rig Rig { get; private set; } = null!;

    /// <summary>Starts it.</summary>
    /// <param name="format">Of both.</param>
    /// <param name="models">The fallback's map.</param>
    /// <param name="change">What to change in the guardrail's configuration.</param>
    /// <param name="attempts">Of a model call.</param>
    /// <param name="timeout">Of an attempt.</param>
    /// <param name="hasKeys">The upstreams have keys of ours.</param>
    public static async Task<FallbackRig> StartAsync(
        string format = "OpenAI",
        IReadOnlyDictionary<string, string>? models = null,
        Action<GuardrailConfig>? change = null,
        int attempts = 1,
        string timeout = "10s",
        bool hasKeys = true
    )
    {
        var it = new FallbackRig { First = await ToldProvider.StartAsync(), Second = await ToldProvider.StartAsync() };
        var path = format == "OpenAI" ? "/v1" : "";
        UpstreamConfig Upstream(string name, string key, ToldProvider provider, FallbackPolicy? fallback)
        {
            var file = Path.Combine(it.folder, name);
            File.WriteAllText(file, key);
            return new UpstreamConfig
            {
                Name = name,
                Format = format,
                Url = provider.Url + path,
                KeyFile = hasKeys ? file : null,
                Fallback = fallback,
            };
        }
        it.Rig = await Rig.StartAsync(config =>
        {
            config.Upstreams =
            [
                Upstream(
                    "first",
                    FirstKey,
                    it.First,
                    new FallbackPolicy
                    {
                        Upstream = "second",
                        Models = [.. (models ?? Mapped).Select(pair => new FallbackModel { From = pair.Key, To = pair.Value })],
                    }
                ),
                Upstream("second", SecondKey, it.Second, null),
            ];
            config.ModelCall = new CallPolicy { Timeout = timeout, Attempts = attempts };
            change?.Invoke(config);
            return config;
        });
        return it;
    }

    /// <summary>A circuit breaker that one failure opens.</summary>
    public static ReliabilityPolicy Breaker(bool observe = false, int? retryBudget = null) =>
        new()
        {
            Observe = observe,
            RetryBudgetPercent = retryBudget,
            CircuitBreaker = new CircuitPolicy { MinimumCalls = 1, OpenFor = "1h" },
        };

    public static Money Cost(string model) =>
        PriceCatalog.Load().Find(null, model, TimeProvider.System.GetUtcNow())!.Cost(new TokenUsage(100, 0, 0, 10))!.Value.Total;

    public (string Id, Run Run) OpenRun()
    {
        var id = Guid.NewGuid().ToString("n");
        return (id, Rig.Guardrail.Services.GetRequiredService<RunRegistry>().Start(id, null));
    }

    public Task<HttpResponseMessage> ChatAsync(string? run = null, string extra = "", params (string Name, string Value)[] headers) =>
        SendAsync("/first/v1/chat/completions", Rig.Body("hello", extra), run, headers);

    public Task<HttpResponseMessage> SendAsync(string path, string body, string? run = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{Rig.EgressPort}{path}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (run is not null)
            request.Headers.Add("X-Agent-Run-Id", run);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return Rig.Http.SendAsync(request);
    }

    public static string? Header(HttpResponseMessage answer, string name = "X-Agent-Fallback") =>
        answer.Headers.TryGetValues(name, out var values) ? values.Single() : null;

    public Task<string> MetricsAsync() => Rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{Rig.AdminPort}/metrics"));

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        await First.DisposeAsync();
        await Second.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
