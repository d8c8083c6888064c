using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;

namespace AgentReadiness.Samples.Provider;

/// <summary>One event of a stream, not yet framed.</summary>
internal sealed record SseEvent(string? Name, byte[] Data)
{
    public SseEvent(string? name, string data)
        : this(name, Encoding.UTF8.GetBytes(data)) { }
}

/// <summary>What goes back to the client: JSON, or events, or a JSON array that grows.</summary>
internal sealed record Reply(byte[] Json)
{
    /// <summary>The events of a stream.</summary>
    public IReadOnlyList<SseEvent>? Events { get; init; }

    /// <summary>The event that breaks a stream off.</summary>
    public SseEvent? Failure { get; init; }

    /// <summary>The event that means nothing.</summary>
    public SseEvent? Ping { get; init; }

    /// <summary>Lines end with CRLF without being told.</summary>
    public bool CrLf { get; init; }

    /// <summary>The events are the items of one JSON array.</summary>
    public bool Array { get; init; }

    /// <summary>The events are lines of JSON.</summary>
    public bool Lines { get; init; }

    public static Reply Stream(IReadOnlyList<SseEvent> events, byte[] failure) =>
        new([]) { Events = events, Failure = new SseEvent(null, failure) };
}

/// <summary>Writes a reply the way its directives say.</summary>
internal static class Wire
{
    /// <summary>Writes it, or a part of it; true where every byte was written.</summary>
    public static async Task<bool> SendAsync(HttpContext context, Reply reply, Directives orders, TimeProvider time)
    {
        var response = context.Response;
        var broken = orders.Cut || orders.Stall || orders.Reset;
        if (orders.Gzip)
            response.Headers.ContentEncoding = "gzip";
        if (orders.Close)
            response.Headers.Connection = "close";
        var sse = reply.Events is not null && !reply.Array && !reply.Lines;
        response.ContentType =
            orders.ContentType
            ?? (
                sse ? "text/event-stream; charset=utf-8"
                : reply.Lines ? "application/x-ndjson"
                : "application/json"
            );
        if (sse)
            response.Headers.CacheControl = "no-cache";
        if (reply.Events is null)
        {
            var body = orders.Gzip ? Compressed(Grown(reply.Json, orders)) : Grown(reply.Json, orders);
            response.ContentLength = body.Length;
            await WriteAsync(context, broken ? body.AsMemory(0, body.Length / 2) : body, orders);
        }
        else
        {
            await StreamAsync(context, Pieces(reply, orders), broken, orders, time);
        }
        if (orders.Stall)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted);
        if (orders.Reset && context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        if (!broken && reply.Events is not null)
            await response.CompleteAsync();
        return !broken;
    }

    private static async Task StreamAsync(HttpContext context, List<byte[]> pieces, bool broken, Directives orders, TimeProvider time)
    {
        using var compressed = new MemoryStream();
        var zip = orders.Gzip ? new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true) : null;
        for (var i = 0; i < (broken ? pieces.Count / 2 : pieces.Count); i++)
        {
            var piece = pieces[i];
            if (zip is not null)
            {
                zip.Write(piece);
                if (i < pieces.Count - 1)
                    zip.Flush();
                else
                    zip.Dispose();
                piece = compressed.ToArray();
                compressed.SetLength(0);
            }
            await WriteAsync(context, piece, orders);
            if (orders.Pace > TimeSpan.Zero)
                await Task.Delay(orders.Pace, time, context.RequestAborted);
        }
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> bytes, Directives orders)
    {
        for (var at = 0; at < bytes.Length; at += orders.Bytewise ? 1 : bytes.Length)
        {
            await context.Response.Body.WriteAsync(orders.Bytewise ? bytes.Slice(at, 1) : bytes, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static List<byte[]> Pieces(Reply reply, Directives orders)
    {
        var events = reply.Events!.ToList();
        if (orders.Failed)
            events = [.. events.Take(events.Count / 2), reply.Failure!];
        var big = events.FindLastIndex(events.Count / 2, e => e.Data[0] == '{');
        if (big >= 0)
            events[big] = events[big] with { Data = Grown(events[big].Data, orders) };
        if (reply.Lines)
            return [.. events.Select(e => (byte[])[.. e.Data, (byte)'\n'])];
        if (reply.Array)
            return [.. events.Select((e, i) => (byte[])[.. i == 0 ? "["u8 : "\r\n,\r\n"u8, .. e.Data]), "\r\n]"u8.ToArray()];
        return [.. events.Select((e, i) => (byte[])[.. i == 0 ? [] : Between(reply, orders), .. Frame(e, reply, orders)])];
    }

    private static byte[] Between(Reply reply, Directives orders)
    {
        var newline = NewLine(reply, orders);
        var empty = orders.EmptyEvents is { } kind
            ? Encoding.UTF8.GetBytes($"{(kind == "data" ? "data:" : newline)}{newline}{newline}")
            : [];
        return !orders.Comments
            ? empty
            :
            [
                .. empty,
                .. Encoding.UTF8.GetBytes($": keep-alive{newline}:{newline}{newline}"),
                .. reply.Ping is null ? [] : Frame(reply.Ping, reply, orders),
            ];
    }

    private static byte[] Frame(SseEvent e, Reply reply, Directives orders)
    {
        var newline = NewLine(reply, orders);
        var space = orders.NoSpace ? "" : " ";
        var head = (e.Name is null ? "" : $"event:{space}{e.Name}{newline}") + $"data:{space}";
        return [.. Encoding.UTF8.GetBytes(head), .. e.Data, .. Encoding.UTF8.GetBytes(newline + newline)];
    }

    private static string NewLine(Reply reply, Directives orders) => reply.CrLf || orders.CrLf ? "\r\n" : "\n";

    // The member that OpenAI hides the length of its events with; other clients pass over it.
    private static byte[] Grown(byte[] json, Directives orders) =>
        orders.BigEvent == 0
            ? json
            : [.. "{\"obfuscation\":\""u8, .. Enumerable.Repeat((byte)'x', orders.BigEvent * 1024), .. "\","u8, .. json.AsSpan(1)];

    private static byte[] Compressed(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(bytes);
        return buffer.ToArray();
    }
}
