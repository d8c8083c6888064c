using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Evals.Tests;

/// <summary>What an agent was asked.</summary>
internal sealed record Asked(string Method, string Path, string? Run, string? ContentType, string Body);

/// <summary>A real HTTP server on loopback that plays the agent.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    private readonly WebApplication app;
    private int inFlight;

    private FakeAgent(WebApplication app) => this.app = app;

    public Uri Target => new(app.Urls.Single() + "/v1/chat/completions");

    public ConcurrentQueue<Asked> Requests { get; } = [];

    public int MostInFlight { get; private set; }

    public int CountOf(string input) => Requests.Count(asked => Input(asked.Body) == input);

    /// <summary>The answer is made from the first message.</summary>
    public static Task<FakeAgent> StartAsync(Func<HttpContext, string, Task> answer) =>
        StartRawAsync((context, body) => answer(context, Input(body)));

    /// <summary>The answer is made from the whole body.</summary>
    public static async Task<FakeAgent> StartRawAsync(Func<HttpContext, string, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var agent = new FakeAgent(app);
        app.Run(context => agent.HandleAsync(context, answer));
        await app.StartAsync();
        return agent;
    }

    /// <summary>Answers 200 with a completion.</summary>
    public static Task SayAsync(HttpContext context, string text) => RawAsync(context, 200, Completion(text));

    public static string Completion(string text) =>
        JsonSerializer.Serialize(new { choices = new[] { new { index = 0, message = new { role = "assistant", content = text } } } });

    public static Task RawAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private static string Input(string body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
    }

    private async Task HandleAsync(HttpContext context, Func<HttpContext, string, Task> answer)
    {
        var now = Interlocked.Increment(ref inFlight);
        lock (Requests)
            MostInFlight = Math.Max(MostInFlight, now);
        try
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            Requests.Enqueue(
                new Asked(
                    context.Request.Method,
                    context.Request.Path + context.Request.QueryString,
                    context.Request.Headers["X-Agent-Eval-Run"],
                    context.Request.ContentType,
                    body
                )
            );
            await answer(context, body);
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }
}
