using System.Net;
using System.Threading.Channels;
using k8s;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Runtime.Tests;

/// <summary>Answers in the place of an API server, and keeps what it was asked.</summary>
internal sealed class FakeServer(Func<HttpRequestMessage, HttpResponseMessage> answer) : DelegatingHandler
{
    private readonly Lock gate = new();
    private readonly List<string> asked = [];

    /// <summary>"VERB path?query" of each request.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (gate)
                return [.. asked];
        }
    }

    public KubernetesApi Api(TimeProvider time, RequestPacing? pacing = null, TimeSpan? timeout = null, string host = "fake") =>
        new(new Kubernetes(new KubernetesClientConfiguration { Host = $"http://{host}" }, this), "tests", timeout, pacing, time);

    public static HttpResponseMessage Ok(string json = """{"metadata":{}}""") =>
        new(HttpStatusCode.OK) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Error(HttpStatusCode status, string? retryAfter = null)
    {
        var response = new HttpResponseMessage(status)
        {
            Content = new StringContent("""{"kind":"Status","reason":"Test","message":"no"}"""),
        };
        if (retryAfter is not null)
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return response;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (gate)
            asked.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        try
        {
            return Task.FromResult(answer(request));
        }
        catch (HttpRequestException exception)
        {
            return Task.FromException<HttpResponseMessage>(exception);
        }
    }
}

/// <summary>A clock that stands still, and tells of each wait that begins on it.</summary>
internal sealed class ToldTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> waits = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero)
            waits.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>The length of the next wait, once it has begun.</summary>
    public async Task<TimeSpan> WaitAsync()
    {
        using var limit = new CancellationTokenSource(Soon.Hang);
        return await waits.Reader.ReadAsync(limit.Token);
    }

    /// <summary>Lets each wait but the request's own timeout pass, until a task ends; returns them.</summary>
    public async Task<List<TimeSpan>> PassAsync(Task task, TimeSpan timeout)
    {
        var passed = new List<TimeSpan>();
        while (!task.IsCompleted)
        {
            var next = WaitAsync();
            if (await Task.WhenAny(task, next) == task)
                break;
            var wait = await next;
            if (wait == timeout)
                continue;
            passed.Add(wait);
            Advance(wait);
        }
        return passed;
    }
}

/// <summary>What should end at once, and fails a test where it never does.</summary>
internal static class Soon
{
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    public static Task SoonAsync(this Task task) => task.WaitAsync(Hang);
}

internal static class Objects
{
    public static readonly ResourceType Things = new("example.com", "v1", "things", "Thing");

    public static JsonObject Thing(string name, string version, string? ns = "ns") =>
        new()
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = ns,
                ["name"] = name,
                ["uid"] = "u-" + name,
                ["resourceVersion"] = version,
            },
        };

    public static void Upsert(this IObjectCache cache, JsonObject item)
    {
        using var document = JsonDocument.Parse(item.ToJsonString());
        cache.Upsert(document.RootElement);
    }

    public static void Delete(this IObjectCache cache, JsonObject item)
    {
        using var document = JsonDocument.Parse(item.ToJsonString());
        cache.Delete(document.RootElement);
    }
}
