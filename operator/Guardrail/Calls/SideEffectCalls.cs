using System.Text;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.SideEffects;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Calls of tools that are declared to have side effects: each has a key, and a key is sent once. What the tool answered is given again to
/// whoever repeats the call; where nobody knows whether it was done, the agent is told so.
/// </summary>
internal sealed class SideEffectCalls(RequestBody bodies, ICallObserver observer)
{
    /// <summary>The agent's key, and the tool's (draft-ietf-httpapi-idempotency-key-header-07).</summary>
    public const string KeyHeader = RepeatableCall.KeyHeader;

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
                $"The key of a call is one text of at most {EffectKey.LongestOwn} visible ASCII characters, the same in "
                    + $"{KeyHeader} and _meta."
            );
        if (ContentOf(call, tool, isMcp) is not { } content)
            return new ApiError(
                400,
                "ambiguous_parameter",
                "The arguments of a call with side effects name a member twice, or hold what is no text: "
                    + "servers disagree on what that means."
            )
            {
                Param = "arguments",
            };
        // A run that the request names, and that this guardrail does not know, was known to one before it, or has ended.
        var run = RunRegistry.NamedBy(request.Headers) ?? call.Run!.Id;
        if (own is not null)
            call.EffectKey = EffectKey.Own(call.UpstreamName, tool.Tool, own, content);
        else if (run.Length > 0)
            call.EffectKey = EffectKey.Derived(run, call.UpstreamName, tool.Tool, content);
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

    /// <summary>What watches the answer to a call with side effects.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="isStream">It is a stream.</param>
    /// <param name="inner">What watches it as that of any other call; null: nothing does.</param>
    public EffectTap Tap(CallContext call, HttpResponseMessage answer, bool isStream, RelayTap? inner)
    {
        var coding = ContentCoding.Of(answer.Content.Headers);
        var (status, id) = ((int)answer.StatusCode, call.Tool!.Id);
        return new EffectTap(
            inner,
            isStream,
            coding is not null && ContentCoding.IsKnown(coding) ? coding : null,
            bodies.Memory,
            // As soon as its answer is there, also where the stream goes on.
            message => id is not null && End(call, EffectAnswer.OfMcp(status, message, id))
        );
    }

    /// <summary>The tool answered.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="tap">What watched it.</param>
    public void Settle(CallContext call, HttpResponseMessage answer, EffectTap tap)
    {
        if (call.Effect is not { IsOver: false } effect)
            return;
        var status = (int)answer.StatusCode;
        var isPlain = tap.Undoes is not null || ContentCoding.Of(answer.Content.Headers) is null;
        // These have no body (RFC 9110, 6.4.1).
        var whole = status is 204 or 205 or 304 ? ReadOnlyMemory<byte>.Empty : tap.Copy;
        var found = call.Tool!.Id is { } id
            ? EffectAnswer.OfMcp(status, isPlain ? whole : null, id)
            : EffectAnswer.OfHttp(status, ReplayedHeaders.Of(call.Http.Response.Headers), isPlain ? whole : null);
        if (End(call, found))
            return;
        effect.Lose();
        observer.Effected(call, EffectEnd.Unknown);
    }

    /// <summary>There was no whole answer.</summary>
    /// <param name="call">The call.</param>
    /// <param name="sent">A byte of the request may have left.</param>
    public void Break(CallContext call, bool sent)
    {
        if (call.Effect is not { IsOver: false } effect)
            return;
        var left = sent && effect.HasLeft;
        if (left)
            effect.Lose();
        else
            effect.DidNot();
        observer.Effected(call, left ? EffectEnd.Unknown : EffectEnd.NotDone);
    }

    private bool End(CallContext call, (EffectState State, EffectResult? Result) found)
    {
        if (call.Effect is not { IsOver: false } effect || found.State == EffectState.Sent)
            return false;
        if (found.Result is { } result)
            effect.Did(result);
        else
            effect.DidNot();
        observer.Effected(call, found.Result is null ? EffectEnd.NotDone : EffectEnd.Done);
        return true;
    }

    // Of an MCP call the arguments, and what the agent answers where the tool asked for more; of a plain one all that reaches the tool but
    // its headers. Null where two servers could read it differently.
    private static byte[]? ContentOf(CallContext call, ToolMessage tool, bool isMcp)
    {
        var body = call.Body!.Value.Span;
        if (!isMcp)
        {
            // As a server reads the path, which goes out as it came: "%6f" is "o", and "a/../b" is "b".
            var sent = call.Endpoint.Path + call.Query;
            var target = Uri.TryCreate($"http://tool{sent}", UriKind.Absolute, out var url) ? url.PathAndQuery : sent;
            return
            [
                .. Encoding.UTF8.GetBytes($"{call.Http.Request.Method} {target}\n"),
                .. EffectKey.Canonical(body) ?? [.. "text:"u8, .. body],
            ];
        }
        List<byte> content = [];
        foreach (var part in (Range[])[tool.Arguments, tool.InputResponses, tool.RequestState])
        {
            if (part.Equals(default(Range)))
                continue;
            if (EffectKey.Canonical(body[part]) is not { } canonical)
                return null;
            content.AddRange(canonical);
            content.Add((byte)'\n');
        }
        return [.. content];
    }
}
