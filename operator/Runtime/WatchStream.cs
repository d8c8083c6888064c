using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>
/// One watch connection, read as bytes. The client library's watch swallows in-stream 410s and undecodable events and waits for
/// ever on a half-open connection; here each of these is a typed end that tells the reader how to go on.
/// </summary>
public sealed class WatchStream(KubernetesApi api, TimeProvider time)
{
    private const int LongestLine = 16 * 1024 * 1024;

    /// <summary>How long after the server's own timeout a silent connection is taken for dead.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A field selector, or null.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The only form of events that is taken; null: JSON.</summary>
    public string? Accept { get; init; }

    /// <summary>Reads events until the watch ends.</summary>
    /// <param name="path">The collection's path.</param>
    /// <param name="labelSelector">A label selector, or null.</param>
    /// <param name="resourceVersion">Where to go on from.</param>
    /// <param name="serverTimeout">How long the server keeps the watch open.</param>
    /// <param name="onEvent">Called in order with each event; the element is valid only during the call.</param>
    /// <param name="cancellationToken">Ends the watch with an OperationCanceledException.</param>
    /// <returns>Why it ended; faults are told here and not thrown.</returns>
    public async Task<WatchEnd> ReadAsync(
        string path,
        string? labelSelector,
        string resourceVersion,
        TimeSpan serverTimeout,
        Action<WatchEventKind, JsonElement> onEvent,
        CancellationToken cancellationToken
    )
    {
        var query =
            $"{path}?watch=1&allowWatchBookmarks=true"
            + $"&resourceVersion={Uri.EscapeDataString(resourceVersion)}&timeoutSeconds={(int)serverTimeout.TotalSeconds}";
        if (labelSelector is not null)
            query += "&labelSelector=" + Uri.EscapeDataString(labelSelector);
        if (FieldSelector is not null)
            query += "&fieldSelector=" + Uri.EscapeDataString(FieldSelector);

        using var silence = new CancellationTokenSource(serverTimeout + Grace, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        try
        {
            using var response = await api.OpenAsync(query, Accept, either.Token);
            var reader = PipeReader.Create(await response.Content.ReadAsStreamAsync(either.Token));
            try
            {
                return await ReadLinesAsync(reader, onEvent, either.Token);
            }
            finally
            {
                await reader.CompleteAsync();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(WatchEndCause.Silent, $"nothing for {(serverTimeout + Grace).TotalSeconds:0} s");
        }
        catch (KubernetesApiException exception) when (exception.StatusCode == HttpStatusCode.Gone)
        {
            return new(WatchEndCause.Expired, exception.Message);
        }
        catch (KubernetesApiException exception)
        {
            return new(exception.IsThrottled ? WatchEndCause.Throttled : WatchEndCause.Failed, exception.Message)
            {
                RetryAfter = exception.RetryAfter,
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new(WatchEndCause.Failed, exception.Message);
        }
    }

    private static async Task<WatchEnd> ReadLinesAsync(
        PipeReader reader,
        Action<WatchEventKind, JsonElement> onEvent,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } newline)
            {
                var line = buffer.Slice(0, newline);
                buffer = buffer.Slice(buffer.GetPosition(1, newline));
                if (!line.IsEmpty && Handle(line, onEvent) is { } end)
                    return end;
            }
            if (buffer.Length > LongestLine)
                return new(WatchEndCause.Undecodable, $"an event is longer than {LongestLine} bytes");
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return new(WatchEndCause.Closed, string.Empty);
        }
    }

    private static WatchEnd? Handle(ReadOnlySequence<byte> line, Action<WatchEventKind, JsonElement> onEvent)
    {
        try
        {
            using var document = JsonDocument.Parse(line, WireJson.Options);
            var subject = document.RootElement.GetProperty("object");
            switch (document.RootElement.GetProperty("type").GetString())
            {
                case "ADDED" or "MODIFIED":
                    onEvent(WatchEventKind.Upsert, subject);
                    return null;
                case "DELETED":
                    onEvent(WatchEventKind.Deleted, subject);
                    return null;
                case "BOOKMARK":
                    onEvent(WatchEventKind.Bookmark, subject);
                    return null;
                case "ERROR":
                    var expired =
                        subject.TryGetProperty("code", out var code)
                        && code.TryGetInt32(out var number)
                        && number == (int)HttpStatusCode.Gone;
                    return new(expired ? WatchEndCause.Expired : WatchEndCause.Failed, subject.GetRawText());
                case var other:
                    return new(WatchEndCause.Undecodable, $"event type {other}");
            }
        }
        catch (Exception exception)
            when (exception
                    is JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or FormatException
                        or NotSupportedException
            )
        {
            return new(WatchEndCause.Undecodable, exception.Message);
        }
    }
}
