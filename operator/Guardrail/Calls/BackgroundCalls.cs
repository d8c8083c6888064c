using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Calls that the provider finishes in the background: their reservation stays until an answer under the same ID, which the agent or this
/// asks for, shows their usage. Each is settled once.
/// </summary>
internal sealed class BackgroundCalls(BodyMemory memory, ICallObserver observer, TimeProvider time)
{
    private const int BufferSize = 16 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Pending> pending = new(StringComparer.Ordinal);

    /// <summary>The calls that go on.</summary>
    public InFlight Calls { get; } = new();

    /// <summary>A call goes on.</summary>
    /// <param name="id">The answer's ID.</param>
    /// <param name="call">The call.</param>
    /// <param name="book">Takes the outcome, once.</param>
    public void Add(string id, CallContext call, Action<CallOutcome> book)
    {
        // The request ends before the call does: its headers are kept, since some of them say whose answer it is.
        var headers = new HeaderDictionary();
        foreach (var (name, values) in call.Http.Request.Headers)
            headers[name] = values;
        if (!pending.TryAdd(id, new Pending(call, headers, book)))
        {
            // An ID that is there already is no new answer: nothing proves what this call cost.
            book(CallOutcome.Unproven(StatusCodes.Status200OK, null));
            return;
        }
        Calls.Enter();
        _ = PollAsync(id);
    }

    /// <summary>An answer under an ID, whoever asked for it.</summary>
    public void Saw(string id, ReadOnlyMemory<byte> answer, int status)
    {
        if (!pending.TryGetValue(id, out var call))
            return;
        var facts = new ResponseFacts(UsageApi.Responses);
        facts.Whole(answer.Span);
        if (facts.IsFinal && facts.Id == id && pending.TryRemove(id, out _))
            End(call, Settlement.Of(call.Call, facts, status, time.GetUtcNow()));
    }

    /// <summary>Gives up on what is still pending: it counts in full.</summary>
    public void GiveUp()
    {
        foreach (var id in pending.Keys)
        {
            if (pending.TryRemove(id, out var call))
                End(call, CallOutcome.Unproven(0, null));
        }
    }

    private void End(Pending call, CallOutcome outcome)
    {
        call.Book(outcome);
        Calls.Leave();
    }

    private async Task PollAsync(string id)
    {
        var started = time.GetTimestamp();
        while (pending.TryGetValue(id, out var call) && time.GetElapsedTime(started) < Longest)
        {
            await Task.Delay(Interval, time);
            try
            {
                using var expiry = new CancellationTokenSource(call.Call.Settings.ModelCall.Timeout, time);
                using var response = await UpstreamSender.SendAsync(Poll(id, call), expiry.Token);
                if (response.IsSuccessStatusCode)
                    await ReadAsync(id, call, response, expiry.Token);
                else
                    observer.Failed(call.Call, CallKind.Background, $"status {(int)response.StatusCode}");
            }
            catch (Exception exception)
            {
                // Whatever it is: the next poll may fare better, and the hour ends them.
                var reason = UpstreamFailure.IsOne(exception)
                    ? UpstreamFailure.Of(exception, sent: false).Reason
                    : exception.GetType().Name;
                observer.Failed(call.Call, CallKind.Background, reason);
            }
        }
        if (pending.TryRemove(id, out var lost))
            End(lost, CallOutcome.Unproven(0, null));
    }

    /// <summary>Reads an answer, as far as it is not too long.</summary>
    private async Task ReadAsync(string id, Pending call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var answer = new CapturedAnswer(memory);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[BufferSize];
        while (answer.Bytes is not null && await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            answer.Append(buffer.AsSpan(0, read));
        if (answer.Bytes is { } bytes)
            Saw(id, bytes, (int)response.StatusCode);
        else
            observer.Failed(call.Call, CallKind.Background, "the answer is too long to be read");
    }

    private static UpstreamRequest Poll(string id, Pending pending)
    {
        var (call, started) = (pending.Call, pending.Call.Endpoint);
        var endpoint = new UpstreamEndpoint(EndpointKind.Poll, "/responses/" + Uri.EscapeDataString(id)) { Version = started.Version };
        return new UpstreamRequest(call.Upstream!, "GET", endpoint, call.Query, call.Model!.Provider.Id) { Headers = pending.Headers };
    }

    private sealed record Pending(CallContext Call, HeaderDictionary Headers, Action<CallOutcome> Book);
}
