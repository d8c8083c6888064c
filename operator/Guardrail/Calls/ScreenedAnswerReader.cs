using System.Text;
using System.Text.Json;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Screening;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Reads what a tool, or an MCP server by itself, says: every text of it, wherever it stands, also errors and descriptions of tools. Marks
/// it or puts something else in its place.
/// </summary>
internal sealed class ScreenedAnswerReader(TextScreening screening, CallContext call, ScreeningSettings settings, bool isMcp)
    : IAnswerReader
{
    private const string Withheld =
        "The guardrail withheld what the tool returned: it reads like orders to you, or could not be screened. Say that the tool gave "
        + "nothing that can be used, or try another way.";

    /// <summary>What the agent gets instead of a plain HTTP tool's answer.</summary>
    public static ReadOnlyMemory<byte> HttpError { get; } = Error().ToJson();

    /// <summary>Its texts are events.</summary>
    public bool IsEvents { get; init; }

    // Without its type, null would become an empty text.
    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Tail => settings.Blocks ? Withhold() : (ReadOnlyMemory<byte>?)null;

    /// <inheritdoc/>
    public IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text)
    {
        if (text.Span.Trim(" \t\r\n"u8).IsEmpty)
            return [];
        return isMcp ? OfMcp(text) : OfHttp(text);
    }

    /// <inheritdoc/>
    public void Skip(UnreadAnswer why) => screening.NotScreened(call, Unscreened.TooLong);

    /// <summary>The whole of an answer that is withheld. Where its headers still wait, they say so, too.</summary>
    public ReadOnlyMemory<byte> Withhold()
    {
        if (!call.Http.Response.HasStarted)
            call.Http.Response.OnStarting(() =>
            {
                if (isMcp)
                    SetMcp(call.Http.Response, IsEvents);
                else
                    SetError(call.Http.Response);
                return Task.CompletedTask;
            });
        var text = isMcp ? RpcError(call.Tool?.Id ?? "null") : HttpError;
        return IsEvents ? (byte[])[.. "data: "u8, .. text.Span, .. "\n\n"u8] : text;
    }

    /// <summary>Makes an answer one that says that it is withheld.</summary>
    internal static void SetError(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status403Forbidden;
        response.ContentType = "application/json";
        response.Headers["x-should-retry"] = "false";
        foreach (
            var name in (string[])["Content-Encoding", "Content-Length", "ETag", "Content-MD5", "Content-Disposition", "Content-Range"]
        )
            response.Headers.Remove(name);
    }

    private static void SetMcp(HttpResponse response, bool isEvents)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = isEvents ? "text/event-stream" : "application/json";
        response.Headers.Remove("Content-Encoding");
        response.Headers.Remove("Content-Length");
    }

    private static ApiError Error() => new(StatusCodes.Status403Forbidden, ScreeningCheck.Code, Withheld);

    private static ReadOnlyMemory<byte> RpcError(string id) => (Error() with { RpcId = id }).ToJson(WireFormat.Of("MCP"));

    private List<Splice> OfHttp(ReadOnlyMemory<byte> text)
    {
        var body = BodyText.Of(text.Span);
        var action =
            settings.Blocks ? ScreenedAction.Blocked
            : settings.Marks && !call.Http.Response.HasStarted ? ScreenedAction.Marked
            : ScreenedAction.Flagged;
        if (Find(body, action) is not { } verdict)
            return [];
        if (!settings.Blocks)
        {
            if (settings.Marks)
                Tell(verdict);
            return [];
        }
        if (!call.Http.Response.HasStarted)
            call.Http.Response.OnStarting(() =>
            {
                // Of a stream that has said something before, only what it says from here on is withheld.
                if (!IsEvents)
                    SetError(call.Http.Response);
                return Task.CompletedTask;
            });
        var isLine = text.Span[^1] == '\n';
        return [new Splice(0, text.Length - (isLine ? 1 : 0), HttpError)];
    }

    private List<Splice> OfMcp(ReadOnlyMemory<byte> text)
    {
        var message = RpcMessage.Read(text);
        var results = message?.Results.Select(at => ToolResult.Read(text, at)).ToList() ?? [];
        var isOfTool = results.Count > 0 && results.TrueForAll(result => result.IsOfTool);
        var splices =
            settings.Marks && isOfTool ? results.SelectMany(result => result.Enclose(screening.Before, screening.Behind)).ToList() : [];
        var action =
            settings.Blocks ? ScreenedAction.Blocked
            : splices.Count > 0 ? ScreenedAction.Marked
            : ScreenedAction.Flagged;
        var (texts, others) = JsonTexts.Of(text.Span);
        // Both are looked at, so that both are told of.
        var found = Find(texts, action) is not null;
        found |= Find(others, action) is not null;
        if (!found)
            return [];
        return settings.Blocks ? [new Splice(0, text.Length, Instead(message, isOfTool))] : splices;
    }

    private Verdict? Find(string text, ScreenedAction action)
    {
        if (text.Length == 0)
            return null;
        var verdict = screening.Screen(call, ScreenedSource.ToolAnswer, text, action);
        // What nobody knows is withheld where an attack would be.
        return verdict.IsFound || (settings.Blocks && verdict.Unknown is not null) ? verdict : null;
    }

    /// <summary>
    /// What stands in the place of a message: a tool's result says that it failed, so that the model can go on; any other answer is an
    /// error. What a server said by itself is gone, and something that means nothing stands there.
    /// </summary>
    private static ReadOnlyMemory<byte> Instead(RpcMessage? message, bool isOfTool)
    {
        if (message is null || message.Id is null || (message.Error is null && message.Results.Count == 0))
            return Encoding.UTF8.GetBytes(
                """{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning","data":"withheld"}}"""
            );
        if (!isOfTool)
            return RpcError(message.Id);
        var sentence = JsonEncodedText.Encode(Withheld);
        return Encoding.UTF8.GetBytes(
            $"{{\"jsonrpc\":\"2.0\",\"id\":{message.Id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"{sentence}\"}}],"
                + $"\"isError\":true,\"_meta\":{{\"agentreadiness.dev/code\":\"{ScreeningCheck.Code}\"}}}}}}"
        );
    }

    private void Tell(Verdict verdict)
    {
        if (call.Http.Response.HasStarted)
            return;
        call.Http.Response.OnStarting(() =>
        {
            call.Http.Response.Headers[TextScreening.Header] = string.Join(", ", verdict.Families);
            return Task.CompletedTask;
        });
    }
}
