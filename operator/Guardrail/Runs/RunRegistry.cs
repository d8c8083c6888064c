using System.Buffers;
using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// The runs of this pod. A call out belongs to the run that its header, its baggage, its trace or a chained response names, else to the
/// pod's only open run, else to the account of calls that belong to no run. A name that is not known never opens a run: leaving a header
/// out, or inventing one, buys no fresh budget.
/// </summary>
internal sealed class RunRegistry(ConfigStore config, TimeProvider time) : IDisposable
{
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    private const int MostResponses = 10_000;
    private const int LongestId = 256;

    private readonly ConcurrentDictionary<string, Run> byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Run>> byTrace = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Run> byResponse = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> responses = new();
    private readonly Lock gate = new();
    private Run? unattributed;

    /// <summary>Runs in flight.</summary>
    public InFlight Open { get; } = new();

    /// <summary>Starts a run.</summary>
    /// <param name="id">A fresh ID.</param>
    /// <param name="trace">The trace that it belongs to, 32 hex digits, or null.</param>
    /// <param name="headers">Those of the request that begins it; they may tell its tags.</param>
    /// <param name="chaos">The faults that it is to meet; null: none.</param>
    public Run Start(string id, string? trace, IHeaderDictionary? headers = null, RunChaos? chaos = null)
    {
        var settings = config.Current;
        var run = new Run(id, settings.Limits.MaxDuration, time)
        {
            Tags = headers is null ? Tags.Empty : Tags.Read(settings.Tags, headers, Tags.Empty),
            Chaos = chaos,
        };
        byId[id] = run;
        if (trace is not null)
        {
            lock (gate)
            {
                if (!byTrace.TryGetValue(trace, out var of))
                    byTrace[trace] = of = [];
                of.Add(run);
            }
        }
        Open.Enter();
        return run;
    }

    /// <summary>Ends a run. Calls of it that are still in flight are booked on it all the same.</summary>
    public void End(Run run, string? trace)
    {
        byId.TryRemove(run.Id, out _);
        if (trace is not null)
        {
            lock (gate)
            {
                if (byTrace.TryGetValue(trace, out var of) && of.Remove(run) && of.Count == 0)
                    byTrace.Remove(trace);
            }
        }
        Open.Leave();
    }

    /// <summary>A call belonged to no run: each open one that is to meet faults may have been meant.</summary>
    public void Stray()
    {
        foreach (var run in byId.Values)
            run.Chaos?.Stray();
    }

    /// <summary>The run of a call out.</summary>
    public Run Of(HttpRequest request, string? previousResponse)
    {
        if (Named(request.Headers, previousResponse) is { } named)
            return named;
        if (byId.Count == 1 && byId.Values.FirstOrDefault() is { } only)
            return only;
        lock (gate)
        {
            if (unattributed is null || time.GetElapsedTime(unattributed.StartedAt) >= config.Current.Limits.UnattributedFor)
                unattributed = new Run("", null, time);
            return unattributed;
        }
    }

    /// <summary>The ID of a run that a call out names itself, whether such a run is open or not; null: it names none.</summary>
    public static string? NamedBy(IHeaderDictionary headers)
    {
        var named = headers[AgentHeaders.RunId].ToString();
        if (named.Length == 0)
            named = Baggage.Find(headers[AgentHeaders.Baggage], Baggage.RunKey) ?? "";
        return named.Length is > 0 and <= LongestId ? named : null;
    }

    /// <summary>Remembers which run an answer belongs to, for a call that goes on from it.</summary>
    public void Remember(string? response, Run run)
    {
        if (response is null || run.Id.Length == 0 || !byResponse.TryAdd(response, run))
            return;
        responses.Enqueue(response);
        if (responses.Count > MostResponses && responses.TryDequeue(out var oldest))
            byResponse.TryRemove(oldest, out _);
    }

    /// <summary>The trace ID of a traceparent header (W3C Trace Context), or null.</summary>
    public static string? TraceOf(StringValues header)
    {
        var text = header.ToString();
        return
            text.Length >= 55
            && text[2] == '-'
            && text[35] == '-'
            && !text.AsSpan(3, 32).ContainsAnyExcept(Hex)
            && text.AsSpan(3, 32).ContainsAnyExcept('0')
            ? text.Substring(3, 32)
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var run in byId.Values)
            run.Dispose();
    }

    /// <summary>The run of a trace. A trace may hold several runs at once: then it names none of them.</summary>
    private Run? OfTrace(string trace)
    {
        lock (gate)
            return byTrace.TryGetValue(trace, out var of) && of.Count == 1 ? of.First() : null;
    }

    private Run? Named(IHeaderDictionary headers, string? previousResponse)
    {
        if (headers.TryGetValue(AgentHeaders.RunId, out var header) && byId.TryGetValue(header.ToString(), out var run))
            return run;
        if (
            headers.TryGetValue(AgentHeaders.Baggage, out var baggage)
            && Baggage.Find(baggage, Baggage.RunKey) is { } inBaggage
            && byId.TryGetValue(inBaggage, out run)
        )
            return run;
        if (
            headers.TryGetValue("traceparent", out var parent)
            && TraceOf(parent) is { } trace
            && (OfTrace(trace) ?? byId.GetValueOrDefault(trace)) is { } traced
        )
            return traced;
        return previousResponse is not null && byResponse.TryGetValue(previousResponse, out run) ? run : null;
    }
}
