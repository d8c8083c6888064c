using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>What an MCP server's result says of a call, and where a sentence can be put before its content. Pure.</summary>
internal sealed class ToolResult
{
    private readonly List<(int At, bool IsEmpty)> contents = [];
    private readonly List<int> ends = [];
    private readonly int inside;
    private bool hasContent;
    private bool hasMembers;
    private bool isUnfinished;
    private bool hasStructure;

    private ToolResult(int inside) => this.inside = inside;

    /// <summary>It has <c>"isError": true</c>. Another spelling or another value says nothing.</summary>
    public bool IsError { get; private set; }

    /// <summary>
    /// It is the result of a tool, whatever came of it: what asks for more input first, or will come later, is none.
    /// </summary>
    public bool IsOfTool => !isUnfinished && (hasContent || hasStructure);

    /// <summary>Reads a result.</summary>
    /// <param name="message">The message that it stands in.</param>
    /// <param name="at">Where: one of <see cref="RpcMessage.Results"/>, so that it is known to be JSON.</param>
    public static ToolResult Read(ReadOnlyMemory<byte> message, Range at)
    {
        var (offset, length) = at.GetOffsetAndLength(message.Length);
        var reader = new Utf8JsonReader(message.Span.Slice(offset, length), new JsonReaderOptions { MaxDepth = RpcMessage.MaxDepth });
        reader.Read();
        var result = new ToolResult(offset + 1);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            result.hasMembers = true;
            var (isError, isContent, isStructure, isType) = (
                RpcMessage.Is(ref reader, "isError"u8),
                RpcMessage.Is(ref reader, "content"u8),
                RpcMessage.Is(ref reader, "structuredContent"u8),
                RpcMessage.Is(ref reader, "resultType"u8)
            );
            reader.Read();
            var start = offset + (int)reader.BytesConsumed;
            // A member that is there twice counts where it says that something failed.
            if (isError)
                result.IsError |= reader.TokenType == JsonTokenType.True;
            else if (isType)
                result.isUnfinished |= reader.TokenType != JsonTokenType.String || !RpcMessage.Is(ref reader, "complete"u8);
            else if (isStructure)
                result.hasStructure |= reader.TokenType != JsonTokenType.Null;
            else if (isContent)
            {
                result.hasContent = true;
                if (reader.TokenType == JsonTokenType.StartArray)
                {
                    var rest = reader;
                    rest.Read();
                    result.contents.Add((start, rest.TokenType == JsonTokenType.EndArray));
                }
            }
            var isList = isContent && reader.TokenType == JsonTokenType.StartArray;
            reader.Skip();
            if (isList)
                result.ends.Add(offset + (int)reader.BytesConsumed - 1);
        }
        return result;
    }

    /// <summary>
    /// Puts a sentence before the content; no splice where there is no place for one, since the content is no list. The rest of the result
    /// stays as it is.
    /// </summary>
    public IEnumerable<Splice> Put(string sentence)
    {
        var block = Block(sentence);
        if (!hasContent)
            return [new Splice(inside, 0, Encoding.UTF8.GetBytes($"\"content\":[{block}]{(hasMembers ? "," : "")}"))];
        return contents.Select(content => new Splice(content.At, 0, Encoding.UTF8.GetBytes(block + (content.IsEmpty ? "" : ","))));
    }

    /// <summary>Puts a sentence before the content and another one behind it; where that is no list, nothing.</summary>
    public IEnumerable<Splice> Enclose(string before, string behind)
    {
        var first = Put(before);
        return contents.Count == 0
            ? first
            : first.Concat(ends.Select(end => new Splice(end, 0, Encoding.UTF8.GetBytes("," + Block(behind))))).OrderBy(one => one.Offset);
    }

    private static string Block(string text) => $"{{\"type\":\"text\",\"text\":\"{JsonEncodedText.Encode(text)}\"}}";
}
