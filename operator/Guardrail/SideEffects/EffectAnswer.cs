using System.Buffers;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// Whether a tool did what it was asked for, as far as its answer tells. What says so is listed, and what says that nothing was done, too;
/// after any other answer, and after none, nobody knows. Pure.
/// </summary>
internal static class EffectAnswer
{
    // The request was refused before anything was done (RFC 9110, 15.5; 429: RFC 6585, 4). Not among them: 408 and 425, which speak of time,
    // and 402, 409, 423 and the like, by which a tool also says that the thing is done or being done.
    private static readonly int[] NotDone = [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431];

    // The message was not understood, or is for nothing that is there (JSON-RPC 2.0, 5.1). -32603 and a server's own may come from half way.
    private static readonly int[] NotDoneRpc = [-32700, -32600, -32601, -32602];

    // White space, and the mark of UTF-8.
    private static readonly SearchValues<byte> Lead = SearchValues.Create([0x20, 0x09, 0x0d, 0x0a, 0xef, 0xbb, 0xbf]);

    /// <summary>What a plain HTTP tool's answer says.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="headers">Those of its headers that are given again.</param>
    /// <param name="body">Its body, whole; null where it was too long to keep.</param>
    public static (EffectState State, EffectResult? Result) OfHttp(int status, string headers, ReadOnlyMemory<byte>? body) =>
        status is >= 200 and < 400
            ? (EffectState.Done, Result(status, headers, body))
            : (NotDone.Contains(status) ? EffectState.Free : EffectState.Sent, (EffectResult?)null);

    /// <summary>
    /// What an MCP server's answer says. A result with <c>isError</c> is one, too: the tool ran, and how far it came nobody knows but it.
    /// </summary>
    /// <param name="status">Its HTTP status.</param>
    /// <param name="body">Its body, whole: a JSON-RPC message, or events with one in each; null where it cannot be read.</param>
    /// <param name="id">The request's id, as JSON.</param>
    public static (EffectState State, EffectResult? Result) OfMcp(int status, ReadOnlyMemory<byte>? body, string id)
    {
        if (status is < 200 or >= 300)
            return (NotDone.Contains(status) ? EffectState.Free : EffectState.Sent, null);
        foreach (var message in Messages(body ?? default))
        {
            try
            {
                using var json = JsonDocument.Parse(message, new JsonDocumentOptions { MaxDepth = 256 });
                var root = json.RootElement;
                if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("id", out var its) || !IsSame(its, id))
                    continue;
                if (root.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null)
                    return (IsNotDone(error) ? EffectState.Free : EffectState.Sent, null);
                if (!root.TryGetProperty("result", out var result) || result.ValueKind != JsonValueKind.Object)
                    continue;
                // Since 2026-07-28: the tool asks for more before it begins, and the call comes again with that.
                var type = result.TryGetProperty("resultType", out var said) ? said : default;
                if (type.ValueKind == JsonValueKind.String && type.ValueEquals("input_required"))
                    return (EffectState.Free, null);
                if (type.ValueKind == JsonValueKind.Undefined || (type.ValueKind == JsonValueKind.String && type.ValueEquals("complete")))
                    return (EffectState.Done, Result(200, "Content-Type: application/json\n", Encoding.UTF8.GetBytes(result.GetRawText())));
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                // Not a message. Another one may be the answer.
            }
        }
        return (EffectState.Sent, null);
    }

    private static EffectResult Result(int status, string headers, ReadOnlyMemory<byte>? body) =>
        new(status, headers, body is { Length: <= EffectResult.LongestBody } kept ? kept.ToArray() : null);

    private static bool IsNotDone(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("code", out var code)
        && code.ValueKind == JsonValueKind.Number
        && code.TryGetInt32(out var number)
        && NotDoneRpc.Contains(number);

    private static bool IsSame(JsonElement its, string id)
    {
        using var sent = JsonDocument.Parse(id);
        return JsonElement.DeepEquals(its, sent.RootElement);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Messages(ReadOnlyMemory<byte> body)
    {
        var start = body.Span.IndexOfAnyExcept(Lead);
        if (start < 0)
            yield break;
        if (body.Span[start] == (byte)'{')
        {
            yield return body[start..];
            yield break;
        }
        // Server-sent events: the lines of data of one event are one text.
        var data = new ArrayBufferWriter<byte>();
        while (body.Length > 0)
        {
            var end = body.Span.IndexOfAny((byte)'\r', (byte)'\n');
            var line = end < 0 ? body : body[..end];
            var skip = end >= 0 && body.Span[end..].StartsWith("\r\n"u8) ? 2 : 1;
            body = end < 0 ? default : body[(end + skip)..];
            if (line.Length == 0)
            {
                if (data.WrittenCount > 0)
                    yield return data.WrittenMemory;
                data = new ArrayBufferWriter<byte>();
            }
            else if (line.Span.StartsWith("data:"u8))
            {
                if (data.WrittenCount > 0)
                    data.Write("\n"u8);
                data.Write(line.Span[(line.Span.StartsWith("data: "u8) ? 6 : 5)..]);
            }
        }
        // The last event may lack its empty line: what it says is whole where it is JSON.
        if (data.WrittenCount > 0)
            yield return data.WrittenMemory;
    }
}
