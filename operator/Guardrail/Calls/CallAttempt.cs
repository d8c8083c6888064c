using System.Buffers;
using System.Globalization;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>One attempt of a call that has its claims: sent, relayed and booked. Whatever happens, it is booked exactly once.</summary>
internal sealed class CallAttempt(
    ICallObserver observer,
    RetryBudgetClaim retries,
    CircuitClaim circuit,
    Fallbacks fallbacks,
    ChaosSender chaos,
    TimeProvider time
)
{
    private const string ContentLength = "Content-Length";
    private const string ContentEncoding = "Content-Encoding";
    private const int BufferSize = 16 * 1024;

    /// <summary>Where a call goes that its attempts did not get answered.</summary>
    public Fallbacks Fallbacks => fallbacks;

    /// <summary>Makes the attempt. What the upstream, the network or the agent can cause is in the outcome.</summary>
    /// <param name="call">The call.</param>
    /// <param name="route">What is particular to its kind.</param>
    /// <param name="isLast">No attempt may follow: whatever the upstream answers is the agent's.</param>
    public async Task<CallOutcome> RunAsync(CallContext call, CallRoute route, bool isLast)
    {
        CallOutcome outcome;
        call.End = default;
        (call.SucceedsAtEnd, call.IsBrokenOff, call.IsMadeUp) = (false, false, false);
        try
        {
            outcome = await SendAsync(call, route, isLast);
        }
        catch (Exception exception)
        {
            // A fault of ours costs what was reserved: what had left by then is not known.
            observer.Failed(call, call.Kind, exception.GetType().Name);
            outcome = route.Broken(call, 0, sent: true) with { Error = Broken(call, 500, "guardrail_fault", "The guardrail failed.") };
        }
        call.Become(CallState.Settled);
        route.Book(call, outcome);
        return outcome;
    }

    /// <summary>The call is over, and no attempt follows any more.</summary>
    public void Over(CallContext call) => retries.GiveBack(call);

    private async Task<CallOutcome> SendAsync(CallContext call, CallRoute route, bool isLast)
    {
        using var deadline = new AttemptDeadline(
            route.Times(call.Settings),
            route.Deadline(call),
            time,
            call.Http.RequestAborted,
            route.RunDeadline(call),
            call.Hold.Waited
        );
        var sentAt = time.GetTimestamp();
        using var content = route.Content(call);
        var upload = content as UploadContent;
        var request = new UpstreamRequest(call.Upstream!, call.Http.Request.Method, call.Endpoint, call.Query, call.Model?.Provider.Id)
        {
            Content = content,
            Headers = call.Http.Request.Headers,
            IsFallback = call.From is not null,
        };
        call.Become(CallState.Sent);
        HttpResponseMessage answer;
        try
        {
            answer = await (
                call.Settings.Chaos is null
                    ? UpstreamSender.SendAsync(request, deadline.Token)
                    : chaos.SendAsync(call, request, deadline.Token)
            );
        }
        catch (Exception exception) when (UpstreamFailure.IsOne(exception))
        {
            var failure = UpstreamFailure.Of(exception, content is SplicedContent { Started: true });
            var isAgents = upload?.IsAtFault(failure.Fault) == true;
            call.End = FailedAfter(call, route, TookSince(sentAt, upload), isAgents);
            return isAgents ? NotUploaded(call, route, upload!, deadline, status: 0) : Failed(call, route, failure, deadline, isLast);
        }
        using (answer)
        {
            var answeredAfter = TookSince(sentAt, upload);
            if (answer.StatusCode is HttpStatusCode.SwitchingProtocols)
            {
                call.End = FailedAfter(call, route, answeredAfter);
                return Failed(call, route, new UpstreamFailure(UpstreamFault.BrokenOff, "another protocol"), deadline, isLast);
            }
            call.End = new AttemptEnd(
                UpstreamHealth.Of((int)answer.StatusCode),
                answeredAfter,
                CallRetry.Worthwhile((int)answer.StatusCode)
            );
            call.Become(CallState.Answered);
            circuit.Answered(call);
            call.Opening?.Dispose();
            observer.Answered(call);
            var status = (int)answer.StatusCode;
            try
            {
                if (IsWorthAnother(call, route, answer) && !isLast && MayRepeat(call))
                    return (await DiscardAsync(call, route, answer, deadline)) with { MayRetry = true };
                if (fallbacks.Instead(call, status) is { } reason)
                    return (await DiscardAsync(call, route, answer, deadline)) with { FallsBack = reason };
                return await RelayAsync(call, route, answer, deadline);
            }
            catch (Exception exception) when (UpstreamFailure.IsOne(exception))
            {
                var failure = UpstreamFailure.Of(exception, sent: true);
                var isAgents = upload?.IsAtFault(failure.Fault) == true;
                call.End = FailedAfter(call, route, answeredAfter, isAgents);
                if (isAgents)
                    return NotUploaded(call, route, upload!, deadline, status);
                if (!call.IsAbandoned)
                    observer.Failed(call, call.Kind, failure.Reason);
                return route.Broken(call, status, sent: true) with { Error = Error(call, route, failure, deadline, begun: true) };
            }
        }
    }

    private async Task<CallOutcome> RelayAsync(CallContext call, CallRoute route, HttpResponseMessage answer, AttemptDeadline deadline)
    {
        using var tap = route.Tap(call, answer);
        var isBodiless = HasNoBody(call, answer);
        var length = isBodiless || tap.IsStream || tap.MayChange || tap.Undoes is not null ? null : LengthOf(answer);
        ReadOnlySpan<string> left =
            length is not null ? []
            : isBodiless ? (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent ? [ContentLength] : [])
            : tap.Undoes is null ? [ContentLength]
            : [ContentLength, ContentEncoding];
        UpstreamHeaders.Copy(answer, call.Http.Response, call.Upstream!, left);
        if (call.From is not null)
            call.Http.Response.Headers[AgentHeaders.Fallback] = call.UpstreamName;
        // An SDK that tries again would only be refused.
        if (call.IsOverRetryBudget)
            call.Http.Response.Headers["x-should-retry"] = "false";
        if (isBodiless)
            return route.Settle(call, answer, tap, cut: null);
        var body = await answer.Content.ReadAsStreamAsync(deadline.Token);
        await using var stream = tap.Undoes is { } coding ? ContentCoding.Decode(coding, body) : body;
        deadline.Progress(tap.IsStream);
        var end = await AnswerRelay.CopyAsync(stream, length, call.Http, KeyMask.Of(call.Upstream!.Key?.Read()), tap, deadline);
        call.IsBrokenOff = end.Broken is not null;
        if (end.Broken is { } broken)
            observer.Failed(call, call.Kind, UpstreamFailure.Of(broken, sent: true).Reason);
        return route.Settle(call, answer, tap, end.Cut);
    }

    /// <summary>No body may follow, whatever the headers say of its length (RFC 9110, 6.4.1).</summary>
    private static bool HasNoBody(CallContext call, HttpResponseMessage answer) =>
        HttpMethods.IsHead(call.Http.Request.Method)
        || answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent or HttpStatusCode.NotModified;

    // A length that is there twice cannot be read by the library, and then is none.
    private static long? LengthOf(HttpResponseMessage answer) =>
        answer.Content.Headers.NonValidated.TryGetValues(ContentLength, out var values)
        && long.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : null;

    /// <summary>
    /// An answer that another attempt may better: its body is read, so that the connection can be used again, and thrown away.
    /// </summary>
    private async Task<CallOutcome> DiscardAsync(CallContext call, CallRoute route, HttpResponseMessage answer, AttemptDeadline deadline)
    {
        var status = (int)answer.StatusCode;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(deadline.Token);
            var rest = AnswerReader.LongestCapture;
            while (rest > 0 && await stream.ReadAsync(buffer, deadline.Token) is > 0 and var read)
                rest -= read;
        }
        catch (Exception exception)
            when (UpstreamFailure.IsOne(exception) && !call.IsAbandoned && !route.RunDeadline(call).IsCancellationRequested)
        {
            // Its status has been heard, and nobody wants the rest.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        var message = $"The upstream \"{call.UpstreamName}\" answered {status}, and another attempt may not be made.";
        var after = CallRetry.AskedFor(answer.Headers, time.GetUtcNow());
        return route.Broken(call, status, sent: true) with
        {
            RetryAfter = after,
            Error = new ApiError(status, "upstream_failed", message, Retry: !call.IsOverRetryBudget) { RetryAfter = after },
        };
    }

    // An answer that asks to wait for longer than a call may take is the agent's to have.
    private bool IsWorthAnother(CallContext call, CallRoute route, HttpResponseMessage answer) =>
        CallRetry.Worthwhile((int)answer.StatusCode)
        && !call.IsAbandoned
        && !(CallRetry.AskedFor(answer.Headers, time.GetUtcNow()) > route.Times(call.Settings).Timeout);

    /// <summary>How long the upstream took, from the moment at which it had the whole request.</summary>
    private TimeSpan TookSince(long sentAt, UploadContent? upload) =>
        upload is { HasBegun: true } ? upload.SinceEnd : time.GetElapsedTime(sentAt);

    /// <summary>
    /// What a failure says of the upstream: nothing where the agent hung up or did not send its body, or the run's time was over.
    /// </summary>
    private static AttemptEnd FailedAfter(CallContext call, CallRoute route, TimeSpan elapsed, bool isAgents = false) =>
        new(
            isAgents || call.IsAbandoned || route.RunDeadline(call).IsCancellationRequested ? UpstreamVerdict.None : UpstreamVerdict.Failed,
            elapsed,
            MayBeRepeated: true
        );

    /// <summary>Takes a further attempt out of the retry budget.</summary>
    private bool MayRepeat(CallContext call)
    {
        if (retries.TryRepeat(call))
            return true;
        if (call.Settings.Reliability.Observe)
        {
            observer.WouldRefuse(call, RetryBudgetClaim.Limit);
            return true;
        }
        retries.Refuse(call);
        return false;
    }

    private CallOutcome Failed(CallContext call, CallRoute route, UpstreamFailure failure, AttemptDeadline deadline, bool isLast)
    {
        var sent = failure.Fault != UpstreamFault.Unreachable;
        if (route.Kind == CallKind.Model || !call.IsAbandoned)
            observer.Failed(call, call.Kind, failure.Reason);
        var mayRetry = !route.RunDeadline(call).IsCancellationRequested && !call.IsAbandoned && !isLast && MayRepeat(call);
        var error = Error(call, route, failure, deadline, begun: false);
        return route.Broken(call, 0, sent) with
        {
            Error = call.IsOverRetryBudget && error is not null ? error with { Retry = false } : error,
            MayRetry = mayRetry,
            FallsBack = FallbackRule.OfFault(failure.Fault),
        };
    }

    /// <summary>The agent did not send the whole body.</summary>
    private CallOutcome NotUploaded(CallContext call, CallRoute route, UploadContent upload, AttemptDeadline deadline, int status)
    {
        if (!call.IsAbandoned)
            observer.Failed(call, call.Kind, upload.IsBroken ? "the agent's body ended early" : "timeout, the agent's body did not come");
        ApiError? error;
        if (upload.IsBroken)
        {
            const string message = "The request body ended early, or is not framed as HTTP says.";
            error = Broken(call, 400, "incomplete_body", message) is { } broken ? broken with { Retry = false } : null;
        }
        else if (route.RunDeadline(call).IsCancellationRequested)
            error = Error(call, route, new UpstreamFailure(UpstreamFault.Timeout, ""), deadline, begun: false);
        else
        {
            var least = GoDuration.Format(deadline.FirstByte);
            error = Broken(call, 504, route.TimeoutCode, $"The body of the request had not come whole within {least}.");
        }
        return route.Broken(call, status, sent: true) with { Error = error };
    }

    private static ApiError? Error(CallContext call, CallRoute route, UpstreamFailure failure, AttemptDeadline deadline, bool begun)
    {
        // What a provider bills for an answer that broke off is not known: the agent sees it break off, too.
        if (begun && route.Kind == CallKind.Model)
        {
            call.Http.Abort();
            return null;
        }
        var name = call.UpstreamName;
        if (route.RunDeadline(call).IsCancellationRequested)
        {
            const string message = "The run has taken longer than it may.";
            return Broken(call, 402, "run_limit_exceeded", message) is { } error
                ? error with
                {
                    Limit = "maxDuration",
                    Retry = false,
                }
                : null;
        }
        var least = GoDuration.Format(deadline.FirstByte);
        return failure.Fault switch
        {
            UpstreamFault.Timeout when begun => Broken(
                call,
                504,
                route.TimeoutCode,
                $"The answer of the upstream \"{name}\" took too long."
            ),
            UpstreamFault.Timeout => Broken(call, 504, route.TimeoutCode, $"The upstream \"{name}\" did not answer within {least}."),
            UpstreamFault.BrokenOff => Broken(
                call,
                502,
                "upstream_failed",
                $"The upstream \"{name}\" broke off before it had answered: {failure.Reason}."
            ),
            _ => Broken(call, 502, "upstream_unreachable", $"The upstream \"{name}\" cannot be reached: {failure.Reason}."),
        };
    }

    /// <summary>
    /// The error for an answer that is not whole. Where a part of it has gone out, the connection is closed instead: the agent must not
    /// take a part for the whole.
    /// </summary>
    private static ApiError? Broken(CallContext call, int status, string code, string message)
    {
        if (call.IsAbandoned)
            return null;
        if (call.Http.Response.HasStarted)
        {
            call.Http.Abort();
            return null;
        }
        call.Http.Response.Clear();
        return new ApiError(status, code, message, Retry: true);
    }
}
