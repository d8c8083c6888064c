using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// A provider that answers GET /v1/models only when it is told to, and counts what it holds; GET /free it answers at once.
/// </summary>
internal sealed class HoldingProvider : IAsyncDisposable
{
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication app;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int arrived;
    private int connections;

    private HoldingProvider(Action<ListenOptions>? listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
                kestrel.Listen(
                    IPAddress.Loopback,
                    Port,
                    options =>
                    {
                        options.Use(next =>
                            connection =>
                            {
                                Interlocked.Increment(ref connections);
                                return next(connection);
                            }
                        );
                        listen?.Invoke(options);
                    }
                )
            );
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public int Port { get; } = Ports.Free();

    /// <summary>Calls that were or are held.</summary>
    public int Arrived => Volatile.Read(ref arrived);

    /// <summary>Connections that were ever opened.</summary>
    public int Connections => Volatile.Read(ref connections);

    public static async Task<HoldingProvider> StartAsync(Action<ListenOptions>? listen)
    {
        var provider = new HoldingProvider(listen);
        await provider.app.StartAsync();
        return provider;
    }

    /// <summary>Waits until so many calls have arrived.</summary>
    public async Task ArrivedAsync(int count)
    {
        while (true)
        {
            var next = Volatile.Read(ref changed).Task;
            if (Arrived >= count)
                return;
            await next;
        }
    }

    /// <summary>Answers what is held, and from now on everything.</summary>
    public void Release() => released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/free")
        {
            await context.Response.WriteAsync("free");
            return;
        }
        Interlocked.Increment(ref arrived);
        Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        await released.Task;
        await context.Response.WriteAsync("{}");
    }
}
