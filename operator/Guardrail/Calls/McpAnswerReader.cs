using System.Text.Json;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Reads the messages of an MCP server, and puts a sentence before the content of a result that is a failure.</summary>
/// <remarks>
/// A result is looked at whatever id it has: clients differ in which ids they take for the same, and only the result of a tool has
/// <c>isError</c>. So is what comes on the stream on which the server speaks first: a client that lost its answer gets it there. Which tool
/// that is of is not known, and what is declared for a tool by its name is not looked for.
/// </remarks>
internal sealed class McpAnswerReader(ToolFailures failures, CallContext call, ToolFailureSettings settings) : IAnswerReader
{
    private readonly string? tool = call.Tool is { IsCall: true } message ? message.Tool : null;
    private bool isTold;

    /// <inheritdoc/>
    public IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text)
    {
        if (text.Span.Trim(" \t\r\n"u8).IsEmpty)
            return [];
        if (RpcMessage.Read(text) is not { } message)
        {
            failures.Unread(call, UnreadAnswer.NotMessage);
            return [];
        }
        ToolFailure? failure = message.Error is not null && !call.IsListening ? ToolFailure.RpcError : null;
        var isOfTool = false;
        List<Splice> splices = [];
        foreach (var at in message.Results)
        {
            var result = ToolResult.Read(text, at);
            isOfTool |= result.IsOfTool;
            if (Find(result, text[at]) is not { } found)
                continue;
            failure = found;
            splices.AddRange(result.Put(Sentence(found)));
        }
        if (failure is { } kind)
            Tell(kind);
        else if (isOfTool)
            call.Run!.ToolSucceeded();
        return splices;
    }

    /// <inheritdoc/>
    public void Skip(UnreadAnswer why) => failures.Unread(call, why);

    private ToolFailure? Find(ToolResult result, ReadOnlyMemory<byte> json)
    {
        if (result.IsError)
            return ToolFailure.IsError;
        if (tool is null || !result.IsOfTool || !settings.Looks(tool))
            return null;
        try
        {
            return settings.Find(tool, ToolContent.OfResult(json)) is { } rule ? ToolFailures.KindOf(rule) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A name or a text that is no UTF-16: JSON lets it pass, and .NET does not.
            failures.Unread(call, UnreadAnswer.NotMessage);
            return null;
        }
    }

    // A call fails once, however often its answer says so. On the stream of a server there are many answers.
    private void Tell(ToolFailure failure)
    {
        if (!isTold || call.IsListening)
            failures.Failed(call, failure);
        isTold = true;
    }

    private string Sentence(ToolFailure failure)
    {
        var name = tool is null ? "The tool" : $"The tool \"{tool}\"";
        return failure switch
        {
            ToolFailure.Empty =>
                $"{name} answered with nothing, which counts as a failure here. Do not answer as if it had found something: "
                    + "say that it gave nothing, or try another way.",
            _ => $"{name} failed. What follows is what it said about that and no result. Do not answer as if it had worked: say that it "
                + "failed, or try another way.",
        };
    }
}
