using System.Buffers;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>The one loop that brings an upstream's answer to the agent.</summary>
/// <remarks>
/// 1. The headers go out at once where the body has not come with them: a client may wait for nothing else. Only where the tap holds them,
/// they wait.
/// 2. A short answer of known length is read whole, given to the tap, and written at once: it costs one write.
/// 3. Each piece that arrives moves the deadline, and is given to the tap.
/// 4. What the tap hands out is written. An agent that has gone is written to no more; the answer is read on for the tap.
/// 5. Where the tap cuts, its tail is written, and nothing is read any more.
/// 6. What was written is flushed where the agent waits for it.
/// 7. At the end the tap hands out what is left.
/// A fault of the upstream is the caller's to handle, unless the tap has all that matters: then only the agent's connection is closed, so
/// that it takes no part for the whole.
/// </remarks>
internal static class AnswerRelay
{
    private const int BufferSize = 16 * 1024;

    /// <summary>From this size on, bytes, a text is worth a change of thread: calls share the threads that serve all connections.</summary>
    public const int LongText = 32 * 1024;

    /// <summary>Relays an answer.</summary>
    /// <param name="from">The upstream's answer.</param>
    /// <param name="length">Its length, bytes, where known.</param>
    /// <param name="to">The agent's request.</param>
    /// <param name="mask">Strikes our key out; null where there is none.</param>
    /// <param name="tap">Watches it.</param>
    /// <param name="deadline">Of the attempt.</param>
    /// <exception cref="HttpRequestException">The upstream broke off.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public static async ValueTask<RelayEnd> CopyAsync(
        Stream from,
        long? length,
        HttpContext to,
        KeyMask? mask,
        RelayTap tap,
        AttemptDeadline deadline
    )
    {
        if (length > 0 && length <= tap.MostWhole)
        {
            await WholeAsync(from, (int)length.Value, to, mask, tap, deadline.Token);
            return default;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            return new RelayEnd(await PiecesAsync(from, to, mask, tap, deadline, buffer), null);
        }
        catch (Exception exception) when (tap.IsComplete && Upstreams.UpstreamFailure.IsOne(exception))
        {
            to.Abort();
            return new RelayEnd(null, exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<string?> PiecesAsync(
        Stream from,
        HttpContext to,
        KeyMask? mask,
        RelayTap tap,
        AttemptDeadline deadline,
        byte[] buffer
    )
    {
        var hasHeaders = tap.HoldsHeaders;
        var held = 0;
        while (true)
        {
            deadline.Progress(tap.IsStream);
            var next = from.ReadAsync(buffer.AsMemory(held), deadline.Token);
            var read = hasHeaders || next.IsCompleted ? await next : await HeadersAsync(next, to, deadline.Token);
            hasHeaders = true;
            if (read == 0 && held == 0)
                break;
            var here = held + read;
            held = read > 0 && mask is not null ? mask.Strike(buffer.AsSpan(0, here)) : 0;
            tap.Append(buffer.AsMemory(0, here - held));
            var wrote = false;
            while (tap.TryTake(out var bytes))
            {
                if (tap.Cut is { } why)
                {
                    await WriteAsync(to, tap.CutTail, deadline.Token);
                    await FlushAsync(to, deadline.Token);
                    return why;
                }
                if (bytes.Length > 0)
                    wrote |= await WriteAsync(to, bytes, deadline.Token);
            }
            if (wrote && tap.FlushesEach)
                await FlushAsync(to, deadline.Token);
            buffer.AsSpan(here - held, held).CopyTo(buffer);
        }
        if (tap.EndsLong)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await WriteAsync(to, tap.End(), deadline.Token);
        return null;
    }

    private static async ValueTask WholeAsync(
        Stream from,
        int length,
        HttpContext to,
        KeyMask? mask,
        RelayTap tap,
        CancellationToken cancellationToken
    )
    {
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var answer = whole.AsMemory(0, length);
            var next = from.ReadAtLeastAsync(answer, length, throwOnEndOfStream: true, cancellationToken);
            if (next.IsCompleted)
                await next;
            else
                await HeadersAsync(next, to, cancellationToken);
            if (length > LongText)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            mask?.Strike(answer.Span);
            tap.Whole(answer);
            await WriteAsync(to, answer, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    /// <summary>Sends the headers while the body is waited for.</summary>
    private static async ValueTask<int> HeadersAsync(ValueTask<int> body, HttpContext to, CancellationToken cancellationToken)
    {
        var read = 0;
        try
        {
            await FlushAsync(to, cancellationToken);
        }
        finally
        {
            // The buffer is in use until this has ended.
            read = await body;
        }
        return read;
    }

    /// <summary>Writes to the agent, if it is still there.</summary>
    private static async ValueTask<bool> WriteAsync(HttpContext to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length == 0 || to.RequestAborted.IsCancellationRequested)
            return false;
        try
        {
            await to.Response.Body.WriteAsync(bytes, cancellationToken);
            return true;
        }
        catch (Exception exception) when (HasLeft(to, exception))
        {
            return false;
        }
    }

    private static async ValueTask FlushAsync(HttpContext to, CancellationToken cancellationToken)
    {
        try
        {
            await to.Response.Body.FlushAsync(cancellationToken);
        }
        catch (Exception exception) when (HasLeft(to, exception))
        {
            // The answer is read on without the agent.
        }
    }

    private static bool HasLeft(HttpContext to, Exception exception) =>
        to.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException or InvalidOperationException;
}
