using System.Text.Json;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// Whether a tool did what it was asked for, as far as its answer tells. What says so is listed, and what says that nothing was done, too;
/// after any other answer, and after none, nobody knows. Pure.
/// </summary>
internal static class EffectAnswer
{
    // The request was refused before anything was done (RFC 9110, 15.5; 429: RFC 6585, 4). Not among them: 408 and 425, which speak of
    // time, and 402, 409, 423 and the like, by which a tool also says that the thing is done or being done.
    private static readonly int[] NotDone = [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431];

    // The message was not understood, or is for nothing that is there (JSON-RPC 2.0, 5.1). -32603 and a server's own may come from half
    // way.
    private static readonly int[] NotDoneRpc = [-32700, -32600, -32601, -32602];

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
        foreach (var message in RpcMessage.All(body ?? default).Where(message => message.Answers(id)))
        {
            if (message.Error is { } error)
                return (IsNotDone(error) ? EffectState.Free : EffectState.Sent, null);
            // Where there are several, most readers take the last one.
            if (message.Results is not [.., var result])
                continue;
            var text = message.Text[result];
            return ResultType(text) switch
            {
                null or "complete" => (EffectState.Done, Result(200, "Content-Type: application/json\n", text)),
                // Since 2026-07-28: the tool asks for more before it begins, and the call comes again with that.
                "input_required" => (EffectState.Free, null),
                _ => (EffectState.Sent, null),
            };
        }
        return (EffectState.Sent, null);
    }

    private static EffectResult Result(int status, string headers, ReadOnlyMemory<byte>? body) =>
        new(status, headers, body is { Length: <= EffectResult.LongestBody } kept ? kept.ToArray() : null);

    // Null: it says nothing. What is no text is a type that nobody knows.
    private static string? ResultType(ReadOnlyMemory<byte> json)
    {
        try
        {
            var result = JsonElement.Parse(json.Span, new JsonDocumentOptions { MaxDepth = RpcMessage.MaxDepth });
            return !result.TryGetProperty("resultType", out var said) ? null
                : said.ValueKind == JsonValueKind.String ? said.GetString()
                : said.GetRawText();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    private static bool IsNotDone(ReadOnlyMemory<byte> json)
    {
        try
        {
            var error = JsonElement.Parse(json.Span, new JsonDocumentOptions { MaxDepth = RpcMessage.MaxDepth });
            return error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("code", out var code)
                && code.ValueKind == JsonValueKind.Number
                && code.TryGetInt32(out var number)
                && NotDoneRpc.Contains(number);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
