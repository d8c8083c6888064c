using System.Text;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.SideEffects;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Calls of tools that are declared to have side effects: each has a key, and a key is sent once. What the tool answered is given again to
/// whoever repeats the call; where nobody knows whether it was done, the agent is told so.
/// </summary>
internal sealed class SideEffectCalls(EffectStore store, RequestBody bodies, ICallObserver observer, TimeProvider time)
{
    /// <summary>The agent's key, and the tool's (draft-ietf-httpapi-idempotency-key-header-07).</summary>
    public const string KeyHeader = RepeatableCall.KeyHeader;

    /// <summary>Says of an answer that it is one of before.</summary>
    public const string ReplayedHeader = "Idempotent-Replayed";

    // These change nothing (RFC 9110, 9.2.1).
    private static readonly string[] SafeMethods = ["GET", "HEAD", "OPTIONS"];

    /// <summary>Finds out whether a call has side effects, and its key.</summary>
    /// <returns>Why it is refused; null where it is not.</returns>
    public async ValueTask<ApiError?> IdentifyAsync(CallContext call)
    {
        if (call.Tool is not { IsCall: true } tool || !call.Settings.HasSideEffects(tool.Tool))
            return null;
        var request = call.Http.Request;
        var isMcp = call.Upstream!.Format is McpFormat;
        if (!isMcp && SafeMethods.Contains(request.Method))
            return null;
        if (tool.KeyError is { } ambiguous)
            return ambiguous;
        if (isMcp && tool.Id is null)
            return new ApiError(400, "invalid_request", $"A call of the tool \"{tool.Tool}\" has side effects and needs an id.");
        if (!isMcp)
        {
            var (body, error) = await bodies.ReadAsync(call.Http, ToolRoute.LargestMessage);
            if (error is not null)
                return error.Code == "unbounded_cost"
                    ? new ApiError(415, "encoding_not_supported", "The body of a call with side effects must not be compressed.")
                    : error;
            call.Body = body;
        }
        var header = request.Headers[KeyHeader];
        var own = header.Count > 0 ? header.ToString() : tool.OwnKey;
        if (own is not null && (!EffectKey.IsPassable(own) || header.Count > 1 || (tool.OwnKey is { } meta && meta != own)))
            return new ApiError(
                400,
                "invalid_idempotency_key",
                $"The key of a call is one text of at most {EffectKey.LongestOwn} visible ASCII characters, the same in {KeyHeader} and _meta."
            );
        var content = Content(call, tool, isMcp);
        if (own is not null)
            call.EffectKey = EffectKey.Own(call.UpstreamName, tool.Tool, own, content);
        else if (call.Run!.Id.Length > 0)
            call.EffectKey = EffectKey.Derived(call.Run.Id, call.UpstreamName, tool.Tool, content);
        else
            return new ApiError(
                400,
                "idempotency_key_required",
                $"The tool \"{tool.Tool}\" has side effects, and the call belongs to no run from which its key could follow: "
                    + $"name the run in {AgentHeaders.RunId}, or a key in {KeyHeader}."
            )
            {
                Param = KeyHeader,
            };
        return null;
    }

    /// <summary>Claims the call, or answers it from what is known.</summary>
    /// <param name="call">The call.</param>
    /// <param name="patience">How long the same call that is under way is waited for.</param>
    public async ValueTask<CallAnswer> AnswerAsync(CallContext call, TimeSpan patience)
    {
        if (call.EffectKey is not { } key || call.Effect is not null)
            return CallAnswer.None;
        var startedAt = time.GetTimestamp();
        while (true)
        {
            var claim = store.Claim(key, call.Settings.SideEffectWindow);
            if (claim.New is { } effect)
            {
                call.Effect = effect;
                return CallAnswer.None;
            }
            if (claim.Done is { } result)
                return await ReplayAsync(call, key, result);
            if (claim.Refusal is { } refusal)
                return Refused(call, Error(refusal, call.Tool!.Tool, key));
            var left = patience - time.GetElapsedTime(startedAt);
            try
            {
                if (left <= TimeSpan.Zero)
                    throw new TimeoutException();
                await claim.UnderWay!.WaitAsync(left, time, call.Http.RequestAborted);
            }
            catch (TimeoutException)
            {
                return Refused(
                    call,
                    new ApiError(
                        409,
                        "call_in_progress",
                        $"The same call of \"{call.Tool!.Tool}\" is still under way: {Named(key)}.",
                        Retry: true
                    )
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    }
                );
            }
            catch (OperationCanceledException)
            {
                return CallAnswer.Written;
            }
        }
    }

    /// <summary>
    /// The body of a call that may be sent, with its key. It is sent once: without this, the client library would send it again on another
    /// connection where one that was idle breaks. Null where the call has no side effects.
    /// </summary>
    public static HttpContent? Content(CallContext call)
    {
        if (call.Effect is not { } effect)
            return null;
        var request = call.Http.Request;
        request.Headers[KeyHeader] = effect.Key.Sent;
        var isMcp = call.Upstream!.Format is McpFormat;
        var content = new SplicedContent(
            call.Body!.Value,
            call.Tool!.KeySpot is { } spot ? [spot.Put(effect.Key.Sent)] : [],
            isMcp ? JsonContentType.Sent(request.ContentType) : request.ContentType,
            call.Upstream.IsTls
        );
        effect.Send(() => content.Started);
        return content;
    }

    /// <summary>The tool answered.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="body">Its body, whole; null where it was too long to be kept.</param>
    public void Settle(CallContext call, HttpResponseMessage answer, ReadOnlyMemory<byte>? body)
    {
        if (call.Effect is not { } effect)
            return;
        var status = (int)answer.StatusCode;
        var headers = answer.Content.Headers;
        var isPlain = headers.ContentEncoding.All(coding => coding.Equals("identity", StringComparison.OrdinalIgnoreCase));
        // These have no body (RFC 9110, 6.4.1).
        var whole = status is 204 or 205 or 304 ? ReadOnlyMemory<byte>.Empty : body;
        var (state, result) = call.Tool!.Id is { } id
            ? EffectAnswer.OfMcp(status, isPlain ? whole : null, id)
            : EffectAnswer.OfHttp(status, headers.ContentType?.ToString(), isPlain ? whole : null);
        switch (state)
        {
            case EffectState.Done:
                effect.Did(result!);
                observer.Effected(call, EffectEnd.Done);
                break;
            case EffectState.Free:
                effect.DidNot();
                observer.Effected(call, EffectEnd.NotDone);
                break;
            default:
                effect.Lose();
                observer.Effected(call, EffectEnd.Unknown);
                break;
        }
    }

    /// <summary>There was no whole answer.</summary>
    /// <param name="call">The call.</param>
    /// <param name="sent">A byte of the request may have left.</param>
    public void Break(CallContext call, bool sent)
    {
        if (call.Effect is not { } effect)
            return;
        var left = sent && effect.HasLeft;
        if (left)
            effect.Lose();
        else
            effect.DidNot();
        observer.Effected(call, left ? EffectEnd.Unknown : EffectEnd.NotDone);
    }

    private async ValueTask<CallAnswer> ReplayAsync(CallContext call, EffectKey key, EffectResult result)
    {
        if (result.Body is not { } body)
            return Refused(
                call,
                new ApiError(
                    409,
                    "already_done",
                    $"This call of \"{call.Tool!.Tool}\" was done before and is not sent again; its answer is no longer kept: {Named(key)}."
                )
            );
        observer.Effected(call, EffectEnd.Replayed);
        var response = call.Http.Response;
        response.StatusCode = result.Status;
        if (result.ContentType.Length > 0)
            response.ContentType = result.ContentType;
        response.Headers[ReplayedHeader] = "true";
        ToolFailures.Replayed(call, result.Status, body);
        byte[] whole = call.Tool!.Id is { } id
            ? [.. Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":"), .. body, (byte)'}']
            : body;
        if (result.Status is 204 or 205 or 304)
            return CallAnswer.Written;
        response.ContentLength = whole.Length;
        try
        {
            await response.Body.WriteAsync(whole, call.Http.RequestAborted);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The agent has gone. It can ask again.
        }
        return CallAnswer.Written;
    }

    private CallAnswer Refused(CallContext call, ApiError error)
    {
        observer.Effected(call, EffectEnd.Refused);
        return CallAnswer.Refused(error);
    }

    private static ApiError Error(EffectRefusal refusal, string tool, EffectKey key) =>
        refusal switch
        {
            EffectRefusal.Unknown => new(
                409,
                "outcome_unknown",
                $"This call of \"{tool}\" was sent before, and nobody knows whether it was done: it is not sent again. Find that out first; a "
                    + $"call with another {KeyHeader} is a new one. {Named(key)}."
            ),
            EffectRefusal.KeyReused => new(422, "idempotency_key_reused", $"Another call of \"{tool}\" had this key: {Named(key)}.")
            {
                Param = KeyHeader,
            },
            EffectRefusal.Full => new(
                503,
                "side_effects_full",
                "This pod knows as many calls with side effects as it can: no further one is sent until some of them are over "
                    + "(reliability.sideEffects.window)."
            ),
            _ => new(503, "side_effects_not_written", "A call with side effects is not sent, as it cannot be written down.", Retry: true),
        };

    private static string Named(EffectKey key) => $"key {key.Sent}";

    // Of an MCP call the arguments, of a plain one all that reaches the tool but its headers.
    private static byte[] Content(CallContext call, ToolMessage tool, bool isMcp)
    {
        var body = call.Body!.Value.Span;
        return isMcp
            ? EffectKey.Canonical(body[tool.Arguments])
            : [.. Encoding.UTF8.GetBytes($"{call.Http.Request.Method} {call.Endpoint.Path}{call.Query}\n"), .. EffectKey.Canonical(body)];
    }
}
