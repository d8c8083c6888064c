using System.Buffers;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>One attempt of a model call, from the first byte to the last.</summary>
internal sealed class ModelCall(HttpContext context, ModelCallPlan plan, bool last, TimeProvider time, ILogger log)
{
    private const int BufferSize = 16 * 1024;
    private const int MostWholeAtOnce = 256 * 1024;
    private const int BytesPerToken = 4;

    /// <summary>How long an answer is read on after the agent has gone, to learn its usage.</summary>
    private static readonly TimeSpan DrainAfterClient = TimeSpan.FromSeconds(30);

    private readonly long startedAt = time.GetTimestamp();

    private CallTimes Times => plan.Settings.ModelCall;

    /// <summary>Sends the call and passes the answer on. Throws nothing that the provider or the agent can cause.</summary>
    public async Task<CallOutcome> RunAsync()
    {
        using var expiry = new CancellationTokenSource(Least(Times.FirstByte, Times.Timeout), time);
        await using var leaving = context.RequestAborted.UnsafeRegister(_ => ShortenTo(expiry), null);
        await using var ending = plan.Run.Deadline.UnsafeRegister(static e => Cancel((CancellationTokenSource)e!), expiry);
        using var content = new SplicedContent(
            plan.Body,
            plan.Request.Splices(plan.OutputLimit),
            context.Request.ContentType,
            plan.Upstream.IsTls
        );
        using var message = new HttpRequestMessage(HttpMethod.Post, plan.Upstream.Endpoint(plan.Endpoint, plan.Query))
        {
            Content = content,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Version = plan.Upstream.IsTls ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
        };
        UpstreamHeaders.Copy(context.Request, message, plan.Upstream);
        UpstreamHeaders.AddKey(message, plan.Upstream, plan.Provider);
        HttpResponseMessage response;
        try
        {
            response = await plan.Upstream.Client.SendAsync(message, expiry.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return Failed(e, content.Started);
        }
        using (response)
        {
            try
            {
                // An answer that asks to wait for longer than a call may take is the agent's to have.
                if (
                    !last
                    && CallRetry.Worthwhile((int)response.StatusCode)
                    && !context.RequestAborted.IsCancellationRequested
                    && !(CallRetry.AskedFor(response.Headers.RetryAfter, time.GetUtcNow()) > Times.Timeout)
                )
                    return await RefusedAsync(response, expiry);
                return await AnswerAsync(response, expiry);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                log.ModelCallFailed(plan.Upstream.Name, plan.Request.Model, Reason(e));
                // The agent must not take a part for the whole.
                context.Abort();
                return NotBilled((int)response.StatusCode)
                    ? CallOutcome.Zero((int)response.StatusCode)
                    : CallOutcome.Unproven((int)response.StatusCode, null);
            }
        }
    }

    private CallOutcome Failed(Exception e, bool sent)
    {
        log.ModelCallFailed(plan.Upstream.Name, plan.Request.Model, Reason(e));
        var name = plan.Upstream.Name;
        var error =
            plan.Run.Deadline.IsCancellationRequested
                ? new ApiError(402, "run_limit_exceeded", "The run has taken longer than it may.") { Limit = "maxDuration" }
            : e is OperationCanceledException
                ? new ApiError(
                    504,
                    "model_call_timeout",
                    $"The upstream \"{name}\" did not answer within {GoDuration.Format(Least(Times.FirstByte, Times.Timeout))}.",
                    Retry: true
                )
            : sent
                ? new ApiError(502, "upstream_failed", $"The upstream \"{name}\" broke off before it answered: {Reason(e)}.", Retry: true)
            : new ApiError(502, "upstream_unreachable", $"The upstream \"{name}\" cannot be reached: {Reason(e)}.", Retry: true);
        return (sent ? CallOutcome.Unproven(0, null) : CallOutcome.Zero(0)) with
        {
            Error = error,
            MayRetry = !plan.Run.Deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested,
        };
    }

    /// <summary>
    /// An answer that another attempt may better: its body is read, so that the connection can be used again, and thrown away.
    /// </summary>
    private async Task<CallOutcome> RefusedAsync(HttpResponseMessage response, CancellationTokenSource expiry)
    {
        var status = (int)response.StatusCode;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(expiry.Token);
            var rest = AnswerReader.LongestCapture;
            while (rest > 0 && await stream.ReadAsync(buffer, expiry.Token) is > 0 and var read)
                rest -= read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return (NotBilled(status) ? CallOutcome.Zero(status) : CallOutcome.Unproven(status, null)) with
        {
            MayRetry = true,
            RetryAfter = CallRetry.AskedFor(response.Headers.RetryAfter, time.GetUtcNow()),
            Error = new ApiError(
                status,
                "upstream_failed",
                $"The upstream \"{plan.Upstream.Name}\" answered {status}, and the run may not spend more on another attempt.",
                Retry: true
            ),
        };
    }

    private async Task<CallOutcome> AnswerAsync(HttpResponseMessage response, CancellationTokenSource expiry)
    {
        var status = (int)response.StatusCode;
        var encoding =
            response.Content.Headers.ContentEncoding.Count == 0 ? null : string.Join(',', response.Content.Headers.ContentEncoding);
        var streamed =
            response.IsSuccessStatusCode && encoding is null && response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        UpstreamHeaders.Copy(response, context.Response, keepLength: !streamed);
        var facts = new ResponseFacts(plan.Endpoint.Api, plan.Provider);
        await using var stream = await response.Content.ReadAsStreamAsync(expiry.Token);
        Extend(expiry, streamed);
        string? overrun = null;
        if (streamed)
            overrun = await StreamEventsAsync(stream, facts, expiry);
        else
            await CopyAsync(stream, response.Content.Headers.ContentLength, encoding, facts, expiry.Token);
        if (NotBilled(status))
            return CallOutcome.Zero(status);
        if (overrun is not null)
            return CallOutcome.Unproven(status, facts) with { Overrun = overrun };
        if (!response.IsSuccessStatusCode)
            return CallOutcome.Unproven(status, facts);
        if (!facts.IsFinal)
        {
            return facts is { Id: { } id, Status: "queued" or "in_progress" } && plan.Request.Background
                ? new CallOutcome("pending", null, status, facts) { PendingId = id }
                : CallOutcome.Unproven(status, facts);
        }
        return CallPrice.Settle(plan, facts, status, time.GetUtcNow());
    }

    /// <summary>Refused by the provider before it did any work: nothing is billed. 529 is Anthropic's "overloaded".</summary>
    private static bool NotBilled(int status) => status is (>= 400 and < 500) or 529;

    /// <summary>Passes each event on once it is complete. Returns why the stream was cut, or null where it was not.</summary>
    private async Task<string?> StreamEventsAsync(Stream stream, ResponseFacts facts, CancellationTokenSource expiry)
    {
        var filter = new SseUsageFilter(facts, plan.Request.HideUsage);
        var most = plan.OutputLimit * plan.Request.Choices;
        await context.Response.StartAsync(CancellationToken.None);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await stream.ReadAsync(buffer, expiry.Token) is > 0 and var read)
            {
                Extend(expiry, streamed: true);
                filter.Append(buffer.AsSpan(0, read));
                var wrote = false;
                while (filter.TryTake(out var bytes, out var show))
                {
                    // An event is a token at least, and a token some four bytes: what passes both counts is more than the provider was
                    // allowed to write.
                    if (facts.Usage?.Output > most || (facts.ContentEvents > most && facts.ContentBytes / BytesPerToken > most))
                    {
                        await WriteAsync(
                            System.Text.Encoding.UTF8.GetBytes(plan.Upstream.Format.CutTail(facts, plan.Endpoint)),
                            expiry.Token
                        );
                        await FlushAsync(expiry.Token);
                        return $"the provider wrote on after its limit of {most} output tokens";
                    }
                    if (show)
                        wrote |= await WriteAsync(bytes, expiry.Token);
                }
                if (wrote)
                    await FlushAsync(expiry.Token);
            }
        }
        catch (Exception e) when (facts.IsFinal && e is (HttpRequestException or IOException or OperationCanceledException))
        {
            // The usage came; only the end is missing, and it costs nothing.
            log.ModelCallFailed(plan.Upstream.Name, plan.Request.Model, Reason(e));
            context.Abort();
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (filter.TryTakeRest(out var rest, out var showRest) && showRest)
            await WriteAsync(rest, expiry.Token);
        if (!filter.Overflowed)
            facts.End();
        return null;
    }

    /// <summary>Passes the answer on while keeping a bounded copy to read usage from.</summary>
    private async Task CopyAsync(Stream stream, long? length, string? encoding, ResponseFacts facts, CancellationToken cancellation)
    {
        if (length is > 0 and <= MostWholeAtOnce)
        {
            var whole = ArrayPool<byte>.Shared.Rent((int)length.Value);
            try
            {
                var answer = whole.AsMemory(0, (int)length.Value);
                await stream.ReadExactlyAsync(answer, cancellation);
                if (answer.Length > ModelCalls.LongBody)
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                AnswerReader.Read(answer, encoding, facts);
                await WriteAsync(answer, cancellation);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(whole);
            }
            return;
        }
        using var copy = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var complete = true;
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                complete = complete && copy.Length + read <= AnswerReader.LongestCapture;
                if (complete)
                    copy.Write(buffer, 0, read);
                if (await WriteAsync(buffer.AsMemory(0, read), cancellation))
                    await FlushAsync(cancellation);
            }
            if (complete && copy.Length > ModelCalls.LongBody)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (complete)
                AnswerReader.Read(copy.GetBuffer().AsMemory(0, (int)copy.Length), encoding, facts);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes to the agent, if it is still there. The answer is read on without it.</summary>
    private async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return false;
        try
        {
            await context.Response.Body.WriteAsync(bytes, cancellation);
            return true;
        }
        catch (Exception e)
            when (context.RequestAborted.IsCancellationRequested
                && e is (OperationCanceledException or IOException or InvalidOperationException)
            )
        {
            return false;
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        try
        {
            await context.Response.Body.FlushAsync(cancellation);
        }
        catch (Exception e)
            when (context.RequestAborted.IsCancellationRequested
                && e is (OperationCanceledException or IOException or InvalidOperationException)
            )
        {
            // The agent has gone.
        }
    }

    /// <summary>The answer has begun, or goes on: from now on the whole counts, and in a stream the next piece.</summary>
    private void Extend(CancellationTokenSource expiry, bool streamed)
    {
        if (context.RequestAborted.IsCancellationRequested || plan.Run.Deadline.IsCancellationRequested)
            return;
        var left = Times.Timeout - time.GetElapsedTime(startedAt);
        expiry.CancelAfter(
            Least(
                left > TimeSpan.Zero ? left : TimeSpan.Zero,
                streamed ? Times.Event
                    : left > TimeSpan.Zero ? left
                    : TimeSpan.Zero
            )
        );
    }

    private void ShortenTo(CancellationTokenSource expiry)
    {
        try
        {
            if (Times.Timeout - time.GetElapsedTime(startedAt) > DrainAfterClient)
                expiry.CancelAfter(DrainAfterClient);
        }
        catch (ObjectDisposedException)
        {
            // The call has just ended.
        }
    }

    private static void Cancel(CancellationTokenSource expiry)
    {
        try
        {
            expiry.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has just ended.
        }
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static string Reason(Exception e) => UpstreamErrors.Reason(e);
}
