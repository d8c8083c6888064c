using System.Text;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.SideEffects;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// The right to send a call with side effects. Where it was sent before, it is answered here from what is known, and needs nothing of its
/// upstream; such a repeat counts as a tool call of its run all the same, so that a loop ends.
/// </summary>
internal sealed class SideEffectClaim(EffectStore store, TextScreening screening, ICallObserver observer, TimeProvider time) : ICallClaim
{
    /// <summary>Says of an answer that it is one of before.</summary>
    public const string ReplayedHeader = "Idempotent-Replayed";

    private static readonly RunToolCallClaim Counted = new();

    /// <inheritdoc/>
    public string Id => "side-effect";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Tool;

    /// <inheritdoc/>
    public async ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        if (call.EffectKey is not { } key)
            return ClaimResult.Taken;
        var (startedAt, patience) = (time.GetTimestamp(), call.Settings.ToolCall.Timeout);
        while (true)
        {
            var claim = store.Claim(key, call.Settings.SideEffectWindow);
            if (claim.New is { } effect)
            {
                call.Effect = effect;
                return ClaimResult.Taken;
            }
            if (claim.UnderWay is not { } other)
            {
                var counted = await Counted.TakeAsync(call);
                if (!counted.IsTaken && counted.Error is not null && !call.Observes)
                    return counted;
                return claim.Done is { } result
                    ? await ReplayAsync(call, key, result)
                    : Refused(call, Error(claim.Refusal!.Value, call, key));
            }
            try
            {
                var left = patience - time.GetElapsedTime(startedAt);
                await other.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, call.Http.RequestAborted);
            }
            catch (TimeoutException)
            {
                return Refused(
                    call,
                    new ApiError(
                        409,
                        "call_in_progress",
                        $"The same call of \"{call.Tool!.Tool}\" is still under way. {Named(key)}",
                        Retry: true
                    )
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    }
                );
            }
            catch (OperationCanceledException)
            {
                return ClaimResult.Abandoned;
            }
        }
    }

    /// <inheritdoc/>
    public void Release(CallContext call) => call.Effect?.Dispose();

    private async ValueTask<ClaimResult> ReplayAsync(CallContext call, EffectKey key, EffectResult result)
    {
        if (result.Body is not { } body)
            return Refused(
                call,
                new ApiError(
                    409,
                    "already_done",
                    $"This call of \"{call.Tool!.Tool}\" was done before and is not sent again; its answer is not kept. {Named(key)}"
                )
            );
        observer.Effected(call, EffectEnd.Replayed);
        var response = call.Http.Response;
        response.StatusCode = result.Status;
        ReplayedHeaders.Write(result.Headers, response.Headers);
        response.Headers[ReplayedHeader] = "true";
        ToolFailures.Replayed(call, result.Status, body);
        screening.Replayed(call, body);
        if (result.Status is 204 or 205 or 304)
            return ClaimResult.Abandoned;
        byte[] whole = call.Tool!.Id is { } id
            ? [.. Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":"), .. body, (byte)'}']
            : body;
        response.ContentLength = whole.Length;
        try
        {
            await response.Body.WriteAsync(whole, call.Http.RequestAborted);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The agent has gone. It can ask again.
        }
        return ClaimResult.Abandoned;
    }

    private ClaimResult Refused(CallContext call, ApiError error)
    {
        observer.Effected(call, EffectEnd.Refused);
        return ClaimResult.Refused(error);
    }

    private static string Named(EffectKey key) => $"Its key is {key.Sent}.";

    private static ApiError Error(EffectRefusal refusal, CallContext call, EffectKey key) =>
        refusal switch
        {
            EffectRefusal.Unknown => new(
                409,
                "outcome_unknown",
                $"This call of \"{call.Tool!.Tool}\" was sent before, and nobody knows whether it was done: it is not sent again. Find "
                    + $"that out first; a call with a new {SideEffectCalls.KeyHeader} is a new one. {Named(key)}"
            ),
            EffectRefusal.KeyReused => new(
                422,
                "idempotency_key_reused",
                $"Another call of \"{call.Tool!.Tool}\" had this key. {Named(key)}"
            )
            {
                Param = SideEffectCalls.KeyHeader,
            },
            EffectRefusal.Full => new(
                503,
                "side_effects_full",
                "This pod knows as many calls with side effects as it can: no further one is sent until some of them are over "
                    + "(reliability.sideEffects.window)."
            ),
            _ => new(503, "side_effects_not_written", "A call with side effects is not sent, as it cannot be written down.", Retry: true),
        };
}
