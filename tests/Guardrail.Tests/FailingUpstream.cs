using System.Collections.Concurrent;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A model's provider, an MCP server and an HTTP tool in one, which do what a test says, behind a guardrail.</summary>
internal sealed class FailingUpstream : IAsyncDisposable
{
    public const string Completion = """
        {
          "id": "c", "object": "chat.completion", "model": "gpt-5.4-mini",
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
          "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        }
        """;

    private readonly WebApplication app;

    private FailingUpstream(WebApplication app, ConcurrentQueue<string> seen) => (this.app, Seen) = (app, seen);

    public Rig Rig { get; private set; } = null!;

    /// <summary>Method, path and body of each request that reached it.</summary>
    public ConcurrentQueue<string> Seen { get; }

    /// <summary>What it does; null: it answers as it should.</summary>
    public Func<HttpContext, string, Task>? Does { get; set; }

    public static async Task<FailingUpstream> StartAsync(
        ReliabilityPolicy? reliability,
        int attempts = 3,
        string timeout = "10s",
        RunLimits? limits = null,
        SideEffectPolicy? effects = null,
        Action<GuardrailConfig>? change = null,
        Func<HttpContext, string, Task>? does = null
    )
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add(url);
        var it = new FailingUpstream(app, new ConcurrentQueue<string>()) { Does = does };
        app.Run(it.ServeAsync);
        await app.StartAsync();
        it.Rig = await Rig.StartAsync(config =>
            Changed(
                new GuardrailConfig
                {
                    Agent = config.Agent,
                    Inbound = config.Inbound,
                    Upstreams =
                    [
                        new UpstreamConfig
                        {
                            Name = "openai",
                            Format = "OpenAI",
                            Url = url + "/v1",
                        },
                        new UpstreamConfig
                        {
                            Name = "mcp",
                            Format = "MCP",
                            Url = url + "/mcp",
                        },
                        new UpstreamConfig
                        {
                            Name = "tool",
                            Format = "HTTP",
                            Url = url + "/tool",
                        },
                    ],
                    MaxOutputTokens = 256,
                    ModelCall = new CallPolicy { Timeout = timeout, Attempts = attempts },
                    ToolCall = new CallPolicy { Timeout = timeout, Attempts = attempts },
                    DrainTimeout = "2s",
                    Reliability = reliability,
                    Limits = limits,
                    SideEffects = effects,
                },
                change
            )
        );
        return it;
    }

    /// <summary>It answers with a status.</summary>
    public void Answers(int status) =>
        Does = (http, _) =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        };

    /// <summary>A run that is open, under an ID of its own.</summary>
    public string OpenRun()
    {
        var id = Guid.NewGuid().ToString("n");
        Rig.Guardrail.Services.GetRequiredService<RunRegistry>().Start(id, null);
        return id;
    }

    /// <summary>A call of the model, of a run.</summary>
    public Task<(int Status, string Body)> ChatAsync(string? run = null, string text = "hello", params (string, string)[] headers) =>
        SendAsync("POST", "/openai/v1/chat/completions", Rig.Body(text), run, headers);

    public async Task<(int Status, string Body)> SendAsync(
        string method,
        string path,
        string? body,
        string? run = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{Rig.EgressPort}{path}");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (run is not null)
            request.Headers.Add("X-Agent-Run-Id", run);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Rig.Http.SendAsync(request);
        var retry = response.Headers.TryGetValues("x-should-retry", out var said) ? $" x-should-retry={said.First()}" : "";
        return (
            (int)response.StatusCode,
            await response.Content.ReadAsStringAsync() + retry + $" Retry-After={response.Headers.RetryAfter}"
        );
    }

    /// <summary>Writes another configuration, which the guardrail then takes.</summary>
    public async Task ReloadAsync(ReliabilityPolicy reliability)
    {
        var config = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(Rig.ConfigPath), ContractsJson.Default.GuardrailConfig)!;
        config.Reliability = reliability;
        await File.WriteAllBytesAsync(Rig.ConfigPath, JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig));
        Rig.Guardrail.Services.GetRequiredService<Configuration.ConfigStore>().Reload();
    }

    public Task<string> MetricsAsync() => Rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{Rig.AdminPort}/metrics"));

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private static GuardrailConfig Changed(GuardrailConfig config, Action<GuardrailConfig>? change)
    {
        change?.Invoke(config);
        return config;
    }

    private async Task ServeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        Seen.Enqueue($"{http.Request.Method} {http.Request.Path} {body}");
        if (Does is { } does)
        {
            await does(http, body);
            return;
        }
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(Completion);
    }
}
