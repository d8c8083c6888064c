using System.Collections.Concurrent;
using System.Net;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>A request of the operator.</summary>
/// <param name="Verb">The HTTP method.</param>
/// <param name="Resource">The plural name, with a subresource after a slash.</param>
/// <param name="Name">The object's name; empty for a collection.</param>
/// <param name="IsWatch">A watch.</param>
/// <param name="Body">What it carries.</param>
internal sealed record ApiCall(string Verb, string Resource, string Name, bool IsWatch, string Body)
{
    public bool IsLease => Resource == "leases";

    public bool IsWrite => Verb != "GET" && !IsLease;

    /// <summary>What is written, without the names that differ from agent to agent.</summary>
    public string Step => $"{Verb} {Resource}{(IsCandidate ? " of the candidate" : string.Empty)}";

    private bool IsCandidate => Name.EndsWith("-eval", StringComparison.Ordinal) || Name.EndsWith("-candidate", StringComparison.Ordinal);

    public override string ToString() => $"{Verb} {Resource} {Name}";
}

/// <summary>What is done to a request.</summary>
internal enum Fault
{
    None,
    TooManyRequests,
    Conflict,

    /// <summary>The write is made, the answer is a 500.</summary>
    AnswerLost,
    ResetBefore,

    /// <summary>The write is made, the connection breaks before the answer.</summary>
    ResetAfter,
    CrashBefore,
    CrashAfter,
}

/// <summary>What is done to a watch that is open.</summary>
internal enum WatchFault
{
    None,

    /// <summary>The next event comes half and then the connection ends, now with a fault and now as if all were well.</summary>
    CutMidLine,

    /// <summary>Nothing comes any more, and the connection stays.</summary>
    Silence,
}

/// <summary>
/// Stands between one operator and a real API server, counts what the operator writes, and does to it what a test asks for.
/// </summary>
internal sealed class FaultyApi : DelegatingHandler
{
    private readonly ConcurrentQueue<ApiCall> writes = new();
    private readonly ConcurrentDictionary<FaultyStream, bool> watches = new();
    private readonly CancellationTokenSource dead = new();
    private int requests;

    /// <summary>Decides about a request; the number counts requests from 1, watches and Leases left out.</summary>
    public Func<ApiCall, int, Fault> Plan { get; set; } = (_, _) => Fault.None;

    /// <summary>Decides about a watch when it is opened.</summary>
    public Func<ApiCall, WatchFault> WatchPlan { get; set; } = _ => WatchFault.None;

    /// <summary>What the replica was about to do, or had just done, when its planned crash came.</summary>
    public ApiCall? CrashedAt { get; private set; }

    /// <summary>Faults that were really done.</summary>
    public ConcurrentDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    /// <summary>The process is gone: no request of it arrives any more.</summary>
    public bool IsDead => dead.IsCancellationRequested;

    /// <summary>Writes that reached the server, Leases left out.</summary>
    public IReadOnlyList<ApiCall> Writes => [.. writes];

    /// <summary>Does something to all watches that are open now.</summary>
    public void Strike(WatchFault fault)
    {
        foreach (var watch in watches.Keys)
        {
            watch.Fault = fault;
            Note($"watch {fault}");
        }
    }

    /// <summary>Lets those that are silent find out that their connection is dead.</summary>
    public void BreakSilence()
    {
        foreach (var watch in watches.Keys)
            watch.Break();
    }

    /// <summary>As SIGKILL does: nothing is said, nothing is given back.</summary>
    public void Kill() => dead.Cancel();

    public CancellationTokenRegistration OnDeath(Action action) => dead.Token.Register(action);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        // It writes nothing.
        if (request.RequestUri!.Query.Contains("dryRun=All", StringComparison.Ordinal))
            return await base.SendAsync(request, cancellationToken);
        var call = await ReadAsync(request, cancellationToken);
        if (call.IsWatch)
            return await WatchAsync(request, call, cancellationToken);
        var fault = call.IsLease ? Fault.None : Plan(call, Interlocked.Increment(ref requests));
        if (fault != Fault.None)
            Note(fault.ToString());
        switch (fault)
        {
            case Fault.TooManyRequests:
                var busy = Refusal(request, HttpStatusCode.TooManyRequests, "TooManyRequests");
                busy.Headers.RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
                return busy;
            case Fault.Conflict:
                return Refusal(request, HttpStatusCode.Conflict, "Conflict");
            case Fault.ResetBefore:
                throw Reset();
            case Fault.CrashBefore:
                Crash(call);
                break;
        }
        ThrowIfDead();
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, dead.Token);
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, life.Token);
        }
        catch (OperationCanceledException) when (IsDead)
        {
            throw Reset();
        }
        if (call.IsWrite)
            writes.Enqueue(call);
        switch (fault)
        {
            case Fault.AnswerLost:
                response.Dispose();
                return Refusal(request, HttpStatusCode.InternalServerError, "InternalError");
            case Fault.ResetAfter:
                response.Dispose();
                throw Reset();
            case Fault.CrashAfter:
                Crash(call);
                break;
        }
        ThrowIfDead();
        return response;
    }

    protected override void Dispose(bool disposing)
    {
        // Readers of streams that outlive the client must not find a disposed source.
        if (disposing)
            dead.Cancel();
        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> WatchAsync(HttpRequestMessage request, ApiCall call, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
            return response;
        var fault = WatchPlan(call);
        if (fault != WatchFault.None)
            Note($"watch {fault}");
        var stream = new FaultyStream(
            await response.Content.ReadAsStreamAsync(cancellationToken),
            closed => watches.TryRemove(closed, out _),
            dead.Token
        )
        {
            Fault = fault,
        };
        watches[stream] = true;
        response.Content = new StreamContent(stream);
        return response;
    }

    private void Crash(ApiCall call)
    {
        CrashedAt = call;
        dead.Cancel();
    }

    private void Note(string what) => Done.AddOrUpdate(what, 1, (_, count) => count + 1);

    private void ThrowIfDead()
    {
        if (IsDead)
            throw Reset();
    }

    private static HttpRequestException Reset() => new("connection reset", new IOException("connection reset by peer"));

    private static HttpResponseMessage Refusal(HttpRequestMessage request, HttpStatusCode code, string reason) =>
        new(code)
        {
            RequestMessage = request,
            Content = new StringContent(
                $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{{reason}}","message":"made by the """
                    + $$"""test","code":{{(int)code}}}""",
                Encoding.UTF8,
                "application/json"
            ),
        };

    private static async Task<ApiCall> ReadAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // /api/v1/namespaces/NS/KIND/NAME/SUB, or /apis/GROUP/VERSION/… in front.
        var parts = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        parts = parts.Count > 0 && parts[0] is "api" or "apis" ? [.. parts.Skip(parts[0] == "api" ? 2 : 3)] : parts;
        if (parts.Count > 2 && parts[0] == "namespaces")
            parts = [.. parts.Skip(2)];
        var body = request.Content is null ? string.Empty : await request.Content.ReadAsStringAsync(cancellationToken);
        return new ApiCall(
            request.Method.Method,
            parts.Count > 2 ? $"{parts[0]}/{parts[2]}" : parts.FirstOrDefault() ?? string.Empty,
            parts.ElementAtOrDefault(1) ?? string.Empty,
            request.RequestUri.Query.Contains("watch=1", StringComparison.Ordinal),
            body
        );
    }
}
