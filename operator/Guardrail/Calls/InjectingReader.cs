using System.Text;
using System.Text.Json;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Puts a text into a tool's result: before the content of an MCP result, into the first text of another tool's JSON, at the end of a plain
/// text. Once for a call.
/// </summary>
/// <param name="text">What is put in.</param>
/// <param name="isMcp">It is the answer of an MCP server.</param>
/// <param name="made">Is told when that was done.</param>
internal sealed class InjectingReader(string text, bool isMcp, Action made) : IAnswerReader
{
    private bool isDone;

    /// <inheritdoc/>
    public IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> answer)
    {
        if (isDone)
            return [];
        var splices = isMcp ? OfMcp(answer) : OfHttp(answer.Span);
        if (splices.Count == 0)
            return splices;
        isDone = true;
        made();
        return splices;
    }

    /// <inheritdoc/>
    public void Skip(UnreadAnswer why)
    {
        // What is too long goes on as it is, and the run is not told to have met the fault.
    }

    private List<Splice> OfMcp(ReadOnlyMemory<byte> answer)
    {
        if (RpcMessage.Read(answer) is not { } message)
            return [];
        var results = message.Results.Select(at => ToolResult.Read(answer, at)).Where(result => result.IsOfTool);
        return [.. results.SelectMany(result => result.Put(text))];
    }

    private List<Splice> OfHttp(ReadOnlySpan<byte> answer)
    {
        if (answer.Trim(" \t\r\n"u8).IsEmpty)
            return [];
        if (answer.TrimStart(" \t\r\n\uFEFF"u8)[0] is not ((byte)'{' or (byte)'['))
            return [new Splice(answer.Length, 0, Encoding.UTF8.GetBytes("\n" + text))];
        try
        {
            var reader = new Utf8JsonReader(answer, new JsonReaderOptions { MaxDepth = RpcMessage.MaxDepth });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String)
                    return
                    [
                        new Splice((int)reader.BytesConsumed - 1, 0, Encoding.UTF8.GetBytes(JsonEncodedText.Encode(" " + text).ToString())),
                    ];
            }
        }
        catch (JsonException)
        {
            // No JSON, and perhaps no text either: it stays as it is.
        }
        return [];
    }
}
