using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.BenchGuardrail;

/// <summary>A provider whose chat chunks say when they were sent. The query says how many, and how many milliseconds lie between.</summary>
internal static class StreamUpstream
{
    /// <summary>The first argument of a process that is one.</summary>
    public const string Argument = "stream-upstream";

    /// <summary>Before the time in a chunk.</summary>
    public const string Mark = "\"content\":\"";

    private static int streams;

    /// <summary>Serves until the process that started it is gone.</summary>
    public static async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1)
        );
        await using var app = builder.Build();
        app.MapPost("/v1/chat/completions", StreamAsync);
        await app.StartAsync();
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task StreamAsync(HttpContext context)
    {
        int Number(string name) => int.Parse(context.Request.Query[name].ToString(), CultureInfo.InvariantCulture);
        var (events, interval) = (Number("events"), Number("interval"));
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentType = "text/event-stream";
        await context.Response.StartAsync();
        // Streams of an agent do not beat in time.
        await Task.Delay(Interlocked.Increment(ref streams) * 37 % interval);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(interval));
        for (var i = 0; i < events && await timer.WaitForNextTickAsync(context.RequestAborted); i++)
        {
            await WriteAsync(
                $$"""{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600"""
                    + $$""","model":"gpt-5.4-mini","choices":[{"index":0,"delta":{{{Mark}}{{Stopwatch.GetTimestamp()}}"}"""
                    + $$""","logprobs":null,"finish_reason":null}],"usage":null}"""
            );
        }
        // Not the number of events: more than the request's max_tokens would be an overrun, after which the model is refused.
        await WriteAsync(
            """{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600"""
                + ""","model":"gpt-5.4-mini","choices":[],"usage":{"prompt_tokens":38,"completion_tokens":120,"total_tokens":158}}"""
        );
        await WriteAsync("[DONE]");

        async Task WriteAsync(string data)
        {
            await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"data: {data}\n\n"), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
