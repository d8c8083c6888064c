using System.Text.Json;

namespace AgentReadiness.Samples.Provider;

/// <summary>What one call costs, the same fields for every format.</summary>
/// <param name="Endpoint">The endpoint's name: chat, responses, embeddings, messages, generateContent, embedContent.</param>
/// <param name="Model">The model that answered.</param>
/// <param name="Input">Input tokens in all: cached ones, cache writes, audio and the provider's own tools included.</param>
/// <param name="CacheRead">Those of them that came from the cache.</param>
/// <param name="CacheWrite5m">Those that were written to the cache for 5 minutes, or for the format's only time.</param>
/// <param name="CacheWrite1h">Those that were written to the cache for an hour.</param>
/// <param name="Output">Output tokens, reasoning included.</param>
/// <param name="WebSearches">Web searches.</param>
/// <param name="AudioIn">Input tokens that are audio.</param>
/// <param name="Completed">Every byte of the answer was written.</param>
/// <param name="Key">The key's fingerprint.</param>
/// <param name="Tier">The service tier.</param>
public sealed record BilledCall(
    string Endpoint,
    string Model,
    long Input,
    long CacheRead,
    long CacheWrite5m,
    long CacheWrite1h,
    long Output,
    long WebSearches,
    long AudioIn,
    bool Completed,
    string Key,
    string Tier
)
{
    internal static BilledCall Of(string endpoint, Turn turn, bool completed, string key, string tier)
    {
        var usage = turn.Usage;
        return new BilledCall(
            endpoint,
            turn.Model,
            usage.Prompt + usage.ToolPrompt,
            usage.Cached,
            usage.Write5m,
            usage.Write1h,
            usage.Completion,
            usage.WebSearches,
            usage.AudioIn,
            completed,
            key,
            turn.Orders.Tier ?? tier
        );
    }
}

/// <summary>A request as it arrived.</summary>
/// <param name="Method">GET, POST, …</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">All headers; the names in any case.</param>
/// <param name="Body">The body's bytes.</param>
public sealed record ArrivedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>HTTP/1.1 or HTTP/2.</summary>
    public string Protocol { get; init; } = "";
}

/// <summary>One execution of a tool.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">Its arguments as JSON.</param>
/// <param name="Key">Idempotency-Key of the header, else _meta.idempotencyKey.</param>
/// <param name="Over">mcp or http.</param>
public sealed record ToolExecution(string Name, string Arguments, string? Key, string Over);

/// <summary>What a provider has served, as it would bill it.</summary>
/// <param name="keeps">Remember every call and the last requests: for a test, not for a program that runs for days.</param>
public sealed class Witness(bool keeps = true)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, SampleCount>> byModel = new() { ["completed"] = [], ["aborted"] = [] };
    private readonly Dictionary<string, Dictionary<string, SampleCount>> byKey = new() { ["completed"] = [], ["aborted"] = [] };
    private readonly List<BilledCall> calls = [];
    private readonly List<ToolExecution> executions = [];
    private readonly Dictionary<string, long> tools = [];
    private readonly Dictionary<string, ArrivedRequest> arrived = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long refused;

    /// <summary>Every billed call, in the order of their ends.</summary>
    public IReadOnlyList<BilledCall> Calls
    {
        get
        {
            lock (gate)
                return [.. calls];
        }
    }

    /// <summary>Every execution of a tool.</summary>
    public IReadOnlyList<ToolExecution> Executions
    {
        get
        {
            lock (gate)
                return [.. executions];
        }
    }

    /// <summary>Calls that were answered with an error, and not billed.</summary>
    public long Refused
    {
        get
        {
            lock (gate)
                return refused;
        }
    }

    /// <summary>Books a call.</summary>
    public void Count(BilledCall call)
    {
        lock (gate)
        {
            Add(call, 1);
            if (keeps)
                calls.Add(call);
            Signal();
        }
    }

    /// <summary>Books a call anew: less of it was done than it had seemed.</summary>
    public void Revise(BilledCall before, BilledCall after)
    {
        lock (gate)
        {
            Add(before, -1);
            Add(after, 1);
            if (calls.IndexOf(before) is >= 0 and var index)
                calls[index] = after;
        }
    }

    /// <summary>Books a call that was answered with an error, and not billed.</summary>
    public void Refuse()
    {
        lock (gate)
            refused++;
    }

    /// <summary>Books an execution of a tool.</summary>
    public void Count(ToolExecution execution)
    {
        lock (gate)
        {
            tools[execution.Name] = tools.GetValueOrDefault(execution.Name) + 1;
            if (keeps)
                executions.Add(execution);
            Signal();
        }
    }

    /// <summary>
    /// The last request to an endpoint: chat, responses, embeddings, models, messages, count_tokens, generateContent, mcp, tools/NAME, ….
    /// </summary>
    public ArrivedRequest? Last(string endpoint)
    {
        lock (gate)
            return arrived.GetValueOrDefault(endpoint);
    }

    /// <summary>Waits until so many calls are booked: a client may have its answer a little before.</summary>
    public async Task<IReadOnlyList<BilledCall>> UntilAsync(int count, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (calls.Count >= count)
                    return [.. calls];
                next = changed.Task;
            }
            await next.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until a number of tools were executed.</summary>
    public async Task UntilExecutedAsync(int count, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (executions.Count >= count)
                    return;
                next = changed.Task;
            }
            await next.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The sum over all models.</summary>
    public SampleCount Total(bool completed)
    {
        lock (gate)
            return Sum(byModel[completed ? "completed" : "aborted"]);
    }

    private void Signal()
    {
        var waiting = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    /// <summary>Writes all as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            lock (gate)
            {
                writer.WriteStartObject();
                foreach (var kind in byModel.Keys)
                {
                    writer.WriteStartObject(kind);
                    Sum(byModel[kind]).Write(writer);
                    Groups(writer, "by_model", byModel[kind]);
                    Groups(writer, "by_key", byKey[kind]);
                    writer.WriteEndObject();
                }
                writer.WriteNumber("refused", refused);
                writer.WriteStartObject("tools");
                foreach (var (name, count) in tools)
                    writer.WriteNumber(name, count);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
        }
        return buffer.ToArray();
    }

    internal void Arrive(string endpoint, ArrivedRequest request)
    {
        if (!keeps)
            return;
        lock (gate)
            arrived[endpoint] = request;
    }

    private static SampleCount Sum(Dictionary<string, SampleCount> groups) =>
        groups.Values.Aggregate(default(SampleCount), (a, b) => a.Plus(b, 1));

    private static void Groups(Utf8JsonWriter writer, string name, Dictionary<string, SampleCount> groups)
    {
        writer.WriteStartObject(name);
        foreach (var (key, count) in groups)
        {
            writer.WriteStartObject(key);
            count.Write(writer);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private void Add(BilledCall call, int sign)
    {
        var kind = call.Completed ? "completed" : "aborted";
        var count = SampleCount.Of(call);
        byModel[kind][call.Model] = byModel[kind].GetValueOrDefault(call.Model).Plus(count, sign);
        byKey[kind][call.Key] = byKey[kind].GetValueOrDefault(call.Key).Plus(count, sign);
    }
}

/// <summary>Calls and their tokens.</summary>
public readonly record struct SampleCount(long Calls, long Prompt, long Cached, long Completion)
{
    /// <summary>Input tokens written to the cache for 5 minutes.</summary>
    public long CacheWrite5m { get; init; }

    /// <summary>Input tokens written to the cache for an hour.</summary>
    public long CacheWrite1h { get; init; }

    /// <summary>Web searches.</summary>
    public long WebSearches { get; init; }

    /// <summary>Input tokens that are audio.</summary>
    public long AudioIn { get; init; }

    internal static SampleCount Of(BilledCall call) =>
        new(1, call.Input, call.CacheRead, call.Output)
        {
            CacheWrite5m = call.CacheWrite5m,
            CacheWrite1h = call.CacheWrite1h,
            WebSearches = call.WebSearches,
            AudioIn = call.AudioIn,
        };

    internal SampleCount Plus(SampleCount other, int sign) =>
        new(
            Calls + (sign * other.Calls),
            Prompt + (sign * other.Prompt),
            Cached + (sign * other.Cached),
            Completion + (sign * other.Completion)
        )
        {
            CacheWrite5m = CacheWrite5m + (sign * other.CacheWrite5m),
            CacheWrite1h = CacheWrite1h + (sign * other.CacheWrite1h),
            WebSearches = WebSearches + (sign * other.WebSearches),
            AudioIn = AudioIn + (sign * other.AudioIn),
        };

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteNumber("calls", Calls);
        writer.WriteNumber("prompt_tokens", Prompt);
        writer.WriteNumber("cached_tokens", Cached);
        writer.WriteNumber("completion_tokens", Completion);
        writer.WriteNumber("cache_write_5m_tokens", CacheWrite5m);
        writer.WriteNumber("cache_write_1h_tokens", CacheWrite1h);
        writer.WriteNumber("web_searches", WebSearches);
        writer.WriteNumber("audio_in_tokens", AudioIn);
    }
}
