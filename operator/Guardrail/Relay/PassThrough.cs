using System.Buffers;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Passes a request on that costs nothing, and its answer back as it comes.</summary>
internal sealed class PassThrough(HttpContext context, Upstream upstream, CallTimes times, TimeProvider time, ILogger log)
{
    private const int BufferSize = 16 * 1024;
    private const int LongestCapture = 8 * 1024 * 1024;

    private readonly long startedAt = time.GetTimestamp();
    private MemoryStream? copy;

    /// <summary>Keeps a copy of an answer that is not too long.</summary>
    public bool Capture { get; init; }

    /// <summary>The stream may be silent for as long as it likes.</summary>
    public bool Endless { get; init; }

    /// <summary>JSON-RPC's id, for errors.</summary>
    public string? RpcId { get; init; }

    /// <summary>The answer's body, where it was captured whole.</summary>
    public ReadOnlyMemory<byte>? Captured => copy is null ? null : copy.GetBuffer().AsMemory(0, (int)copy.Length);

    /// <summary>Sends it. Returns the provider's status, or 0 where there was none.</summary>
    /// <param name="url">Where to.</param>
    /// <param name="body">What; null: the request's own body, streamed.</param>
    /// <param name="provider">The provider's id in the catalog, where known.</param>
    public async Task<int> SendAsync(Uri url, ReadOnlyMemory<byte>? body, string? provider)
    {
        using var expiry = new CancellationTokenSource(Endless ? Timeout.InfiniteTimeSpan : Least(times.FirstByte, times.Timeout), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, context.RequestAborted);
        using var message = new HttpRequestMessage(new HttpMethod(context.Request.Method), url)
        {
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Version = upstream.IsTls ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
            Content = Content(body),
        };
        UpstreamHeaders.Copy(context.Request, message, upstream);
        UpstreamHeaders.AddKey(message, upstream, provider);
        try
        {
            using var response = await upstream.Client.SendAsync(message, either.Token);
            UpstreamHeaders.Copy(response, context.Response, keepLength: true);
            // Ollama streams lines of JSON.
            var streamed = response.Content.Headers.ContentType?.MediaType is "text/event-stream" or "application/x-ndjson";
            await CopyAsync(await response.Content.ReadAsStreamAsync(either.Token), streamed, expiry, either.Token);
            return (int)response.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            copy = null;
            if (context.RequestAborted.IsCancellationRequested)
                return 0;
            log.ModelCallFailed(upstream.Name, "", UpstreamErrors.Reason(e));
            if (context.Response.HasStarted)
            {
                context.Abort();
                return 0;
            }
            await (
                e is OperationCanceledException
                    ? new ApiError(
                        504,
                        upstream.Format.IsTool ? "tool_call_timeout" : "model_call_timeout",
                        $"The upstream \"{upstream.Name}\" did not answer within "
                            + $"{GoDuration.Format(Least(times.FirstByte, times.Timeout))}.",
                        Retry: true
                    )
                    {
                        RpcId = RpcId,
                    }
                    : new ApiError(
                        502,
                        "upstream_unreachable",
                        $"The upstream \"{upstream.Name}\" did not answer: {UpstreamErrors.Reason(e)}.",
                        Retry: true
                    )
                    {
                        RpcId = RpcId,
                    }
            ).WriteAsync(context, upstream.Format);
            return 0;
        }
    }

    private async Task CopyAsync(Stream stream, bool streamed, CancellationTokenSource expiry, CancellationToken cancellation)
    {
        copy = Capture && !streamed ? new MemoryStream() : null;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (true)
            {
                if (!Endless)
                {
                    var left = times.Timeout - time.GetElapsedTime(startedAt);
                    expiry.CancelAfter(
                        streamed ? times.Event
                        : left > TimeSpan.Zero ? left
                        : TimeSpan.Zero
                    );
                }
                var read = await stream.ReadAsync(buffer, cancellation);
                if (read == 0)
                    return;
                if (copy is not null && copy.Length + read > LongestCapture)
                    copy = null;
                copy?.Write(buffer, 0, read);
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), cancellation);
                if (streamed)
                    await context.Response.Body.FlushAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private HttpContent? Content(ReadOnlyMemory<byte>? body)
    {
        if (
            HttpMethods.IsGet(context.Request.Method)
            || HttpMethods.IsHead(context.Request.Method)
            || (HttpMethods.IsDelete(context.Request.Method) && context.Request.ContentLength is null or 0)
        )
            return null;
        HttpContent content = body is { } bytes ? new ReadOnlyMemoryContent(bytes) : new StreamContent(context.Request.Body);
        content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        if (context.Request.Headers.ContentEncoding.Count > 0)
            content.Headers.TryAddWithoutValidation("Content-Encoding", (string?)context.Request.Headers.ContentEncoding);
        if (body is null && context.Request.ContentLength is { } length)
            content.Headers.ContentLength = length;
        return content;
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
