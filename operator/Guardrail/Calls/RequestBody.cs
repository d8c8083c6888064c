using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Reads whole request bodies, each up to a limit and all of them within the memory for bodies.</summary>
internal sealed class RequestBody(BodyMemory memory)
{
    /// <summary>Where bodies are taken from.</summary>
    public BodyMemory Memory => memory;

    // What a body gets before its first byte has come: what it declares proves nothing.
    private const int First = 16 * 1024;
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The body, or an error: too large, compressed, so that it cannot be read here, or no memory for it. What it takes is given back when
    /// the request has ended.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="limit">The longest body, bytes.</param>
    public async Task<(ReadOnlyMemory<byte> Body, ApiError? Error)> ReadAsync(HttpContext context, int limit)
    {
        var request = context.Request;
        var encoding = (string?)request.Headers.ContentEncoding;
        if (!string.IsNullOrEmpty(encoding) && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return (default, new ApiError(400, "unbounded_cost", "A compressed request body cannot be metered."));
        var tooLarge = new ApiError(413, "request_too_large", $"The request body is larger than {limit} bytes.");
        if (request.ContentLength > limit)
            return (default, tooLarge);
        var taken = new Taken(memory);
        context.Response.RegisterForDispose(taken);
        var size = (int)Math.Min(First, (request.ContentLength ?? First - 1) + 1);
        if (!taken.TryAdd(size))
            return (default, Full());
        // Not pooled: the handler may still be sending it when the call is already over.
        var buffer = new byte[size];
        var length = 0;
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0)
                    return (buffer.AsMemory(0, length), null);
                length += read;
                if (length > limit)
                    return (default, tooLarge);
                if (length < buffer.Length)
                    continue;
                // Twice as long, but not longer than what is declared: the old and the new one are there side by side for a moment.
                var next = (int)Math.Min(Math.Min(2L * buffer.Length, limit + 1L), (request.ContentLength ?? limit) + 1L);
                if (!taken.TryAdd(next))
                    return (default, Full());
                var old = buffer.Length;
                Array.Resize(ref buffer, next);
                taken.Return(old);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return (default, new ApiError(400, "incomplete_body", "The request body ended early."));
        }
    }

    private ApiError Full() =>
        new(503, "out_of_memory", $"The bodies of calls in flight take all of the {memory.Most} bytes that they may.", Retry: true)
        {
            RetryAfter = Later,
        };

    /// <summary>What one body has taken.</summary>
    private sealed class Taken(BodyMemory memory) : IDisposable
    {
        private long bytes;

        public bool TryAdd(long more)
        {
            if (!memory.TryTake(more))
                return false;
            bytes += more;
            return true;
        }

        public void Return(long some)
        {
            bytes -= some;
            memory.Return(some);
        }

        public void Dispose()
        {
            memory.Return(bytes);
            bytes = 0;
        }
    }
}
