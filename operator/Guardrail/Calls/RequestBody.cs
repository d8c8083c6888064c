using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Reads a whole request body, up to a limit.</summary>
internal static class RequestBody
{
    /// <summary>The body, or an error: too large, or compressed, so that it cannot be read here.</summary>
    public static async Task<(ReadOnlyMemory<byte> Body, ApiError? Error)> ReadAsync(
        HttpRequest request,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var encoding = (string?)request.Headers.ContentEncoding;
        if (!string.IsNullOrEmpty(encoding) && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return (default, new ApiError(400, "unbounded_cost", "A compressed request body cannot be metered."));
        var tooLarge = new ApiError(413, "request_too_large", $"The request body is larger than {limit} bytes.");
        if (request.ContentLength > limit)
            return (default, tooLarge);
        // Not pooled: the handler may still be sending it when the call is already over.
        var buffer = new byte[(int)(request.ContentLength ?? 4096) + 1];
        var length = 0;
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                    return (buffer.AsMemory(0, length), null);
                length += read;
                if (length > limit)
                    return (default, tooLarge);
                if (length == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limit + 1));
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return (default, new ApiError(400, "incomplete_body", "The request body ended early."));
        }
    }
}
