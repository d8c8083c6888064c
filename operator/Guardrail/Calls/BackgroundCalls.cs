using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Hosting;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Calls that the provider finishes in the background: their reservation stays until an answer under the same ID, which the agent or this
/// asks for, shows their usage. Each is settled once.
/// </summary>
internal sealed class BackgroundCalls(TimeProvider time, ILogger<BackgroundCalls> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Pending> pending = new(StringComparer.Ordinal);

    /// <summary>The calls that go on.</summary>
    public InFlight Calls { get; } = new();

    /// <summary>A call goes on.</summary>
    /// <param name="id">The answer's ID.</param>
    /// <param name="plan">The call.</param>
    /// <param name="request">The agent's request, for its headers.</param>
    /// <param name="book">What to do with the outcome.</param>
    public void Add(string id, ModelCallPlan plan, HttpRequest request, Action<CallOutcome> book)
    {
        using var headers = new HttpRequestMessage();
        UpstreamHeaders.Copy(request, headers, plan.Upstream);
        var kept = headers.Headers.NonValidated.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        if (!pending.TryAdd(id, new Pending(plan, kept, book)))
        {
            // An ID that is there already is no new answer: nothing proves what this call cost.
            book(CallOutcome.Unproven(200, null));
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
        var facts = new ResponseFacts(UsageApi.Responses, call.Plan.Provider);
        facts.Whole(answer.Span);
        if (facts.IsFinal && facts.Id == id && pending.TryRemove(id, out _))
            End(call, CallPrice.Settle(call.Plan, facts, status, time.GetUtcNow()));
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
                using var expiry = new CancellationTokenSource(call.Plan.Settings.ModelCall.Timeout, time);
                var endpoint = new UpstreamEndpoint(EndpointKind.Poll, "/responses/" + Uri.EscapeDataString(id))
                {
                    Version = call.Plan.Endpoint.Version,
                };
                using var message = new HttpRequestMessage(HttpMethod.Get, call.Plan.Upstream.Endpoint(endpoint, call.Plan.Query));
                foreach (var (name, value) in call.Headers)
                    message.Headers.TryAddWithoutValidation(name, value);
                UpstreamHeaders.AddKey(message, call.Plan.Upstream, call.Plan.Provider);
                using var response = await call.Plan.Upstream.Client.SendAsync(message, expiry.Token);
                if (response.IsSuccessStatusCode)
                    Saw(id, await response.Content.ReadAsByteArrayAsync(expiry.Token), (int)response.StatusCode);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                log.ModelCallFailed(call.Plan.Upstream.Name, call.Plan.Request.Model, e.GetType().Name);
            }
        }
        if (pending.TryRemove(id, out var lost))
            End(lost, CallOutcome.Unproven(0, null));
    }

    private sealed record Pending(ModelCallPlan Plan, Dictionary<string, string> Headers, Action<CallOutcome> Book);
}
