using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Samples;

/// <summary>
/// A provider with OpenAI's Chat Completions wire format (openai-openapi), deterministic, that counts what it would bill: <c>GET /_witness</c>. Base URL:
/// http://host:9000/v1.
/// </summary>
public static class SampleProvider
{
    private static readonly TimeSpan BeforeCut = TimeSpan.FromMilliseconds(50);

    /// <summary>The keys that PROVIDER_KEY_FILE names, one a line; empty where it is not set: then every key is right.</summary>
    public static IReadOnlyList<string> KeysFromEnvironment() => Environment.GetEnvironmentVariable("PROVIDER_KEY_FILE") is { Length: > 0 } path
        ? [.. File.ReadAllLines(path).Select(l => l.Trim()).Where(l => l.Length > 0)]
        : [];

    /// <summary>Builds a provider that has not started.</summary>
    public static WebApplication Build(string url, IReadOnlyList<string> keys, TimeProvider time, Witness? witness = null)
    {
        // Not the slim builder: it watches the content root for settings files, and in a container that is "/", /proc and all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = null);
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        var counts = witness ?? new Witness();
        app.Run(context => HandleAsync(context, keys, counts, time));
        return app;
    }

    private static async Task HandleAsync(HttpContext context, IReadOnlyList<string> keys, Witness witness, TimeProvider time)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == "/_witness")
        {
            await JsonAsync(context, 200, witness.ToJson());
            return;
        }
        if (path is "/healthz")
            return;
        var authorization = context.Request.Headers.Authorization.ToString();
        var key = authorization.StartsWith("Bearer ", StringComparison.Ordinal) ? authorization["Bearer ".Length..] : "";
        if (keys.Count > 0 && !keys.Contains(key))
        {
            await ErrorAsync(context, 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
            return;
        }
        if (path == "/v1/models")
        {
            await JsonAsync(context, 200, """{"object":"list","data":[{"id":"gpt-5.4-mini","object":"model","created":1,"owned_by":"sample"}]}"""u8.ToArray());
            return;
        }
        if (path != "/v1/chat/completions")
        {
            await ErrorAsync(context, 404, "invalid_request_error", "unknown_url", $"Unknown request URL: {path}");
            return;
        }
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body);
        }
        catch (JsonException)
        {
            await ErrorAsync(context, 400, "invalid_request_error", "invalid_json", "We could not parse the JSON body of your request.");
            return;
        }
        using (document)
        {
            var fingerprint = key.Length == 0 ? "none" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..8];
            await CompleteAsync(context, document.RootElement, fingerprint, witness, time);
        }
    }

    private static async Task CompleteAsync(HttpContext context, JsonElement request, string key, Witness witness, TimeProvider time)
    {
        var user = request.GetProperty("messages").EnumerateArray().LastOrDefault(m => Chat.Role(m) == "user");
        var directives = Directives.Parse(user.ValueKind == JsonValueKind.Object ? Chat.Text(user) : "");
        var model = request.GetProperty("model").GetString()!;
        var completion = Completion.Of(request, directives, time);
        try
        {
            if (directives.Latency > TimeSpan.Zero)
                await Task.Delay(directives.Latency, time, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // A real provider works on, and bills, when a client has gone.
            witness.Count(completed: false, key, model, completion.Usage);
            return;
        }
        if (directives.Status is { } status)
        {
            witness.Refuse();
            if (status == 429)
                context.Response.Headers.RetryAfter = "1";
            await ErrorAsync(context, status, status == 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error",
                status == 429 ? "rate_limit_exceeded" : null, $"The sample provider was told to answer {status}.");
            return;
        }
        var completed = false;
        try
        {
            completed = completion.Stream
                ? await StreamAsync(context, completion, directives, time)
                : await WholeAsync(context, completion, directives);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has gone; counted below.
        }
        witness.Count(completed && !context.RequestAborted.IsCancellationRequested, key, model, completion.Usage);
        if (completed)
            return;
        // A reset discards what the client has not read yet: without this, a cut answer would look like no answer.
        await Task.Delay(BeforeCut, time, CancellationToken.None);
        context.Abort();
    }

    private static async Task<bool> WholeAsync(HttpContext context, Completion completion, Directives directives)
    {
        var body = completion.ToJson();
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(directives.Cut ? body.AsMemory(0, body.Length / 2) : body, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        return !directives.Cut;
    }

    private static async Task<bool> StreamAsync(HttpContext context, Completion completion, Directives directives, TimeProvider time)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        var chunks = completion.Chunks();
        var sent = 0;
        foreach (var chunk in chunks)
        {
            if (directives.Cut && sent >= chunks.Count / 2)
                return false;
            await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            sent++;
            if (directives.Pace > TimeSpan.Zero)
                await Task.Delay(directives.Pace, time, context.RequestAborted);
        }
        await context.Response.CompleteAsync();
        return true;
    }

    private static Task ErrorAsync(HttpContext context, int status, string type, string? code, string message)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error");
            writer.WriteString("message", message);
            writer.WriteString("type", type);
            writer.WriteNull("param");
            writer.WriteString("code", code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return JsonAsync(context, status, buffer.ToArray());
    }

    private static async Task JsonAsync(HttpContext context, int status, byte[] json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json);
    }
}
