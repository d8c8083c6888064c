using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Finds in a model request what users said and what tools answered: by role and type, in the words of Chat Completions, Responses, Messages
/// and generateContent alike. What the agent itself wrote (system, developer, assistant) is no text of somebody else. Pure.
/// </summary>
internal static class ModelTexts
{
    private static readonly string[] Lists = ["messages", "input", "contents"];
    private static readonly string[] Words =
    [
        "type",
        "id",
        "tool_use_id",
        "tool_call_id",
        "call_id",
        "name",
        "role",
        "status",
        "arguments",
        "media_type",
        "mimeType",
        "format",
    ];
    private static readonly string[] Results = ["functionResponse", "function_response", "codeExecutionResult", "code_execution_result"];
    private static readonly string[] ToolRoles = ["tool", "function"];

    /// <summary>The texts, in their order. The body is known to be JSON.</summary>
    public static IReadOnlyList<ModelText> Find(ReadOnlySpan<byte> body)
    {
        var found = new List<ModelText>();
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isList = IsAny(ref reader, Lists);
            reader.Read();
            if (isList && reader.TokenType == JsonTokenType.String)
                found.Add(new ModelText(false, [At(ref reader)]));
            else if (isList && reader.TokenType == JsonTokenType.StartArray)
                ReadMessages(ref reader, found);
            else if (isList && reader.TokenType == JsonTokenType.StartObject)
                ReadMessage(ref reader, found);
            else
                reader.Skip();
        }
        return found;
    }

    private static void ReadMessages(ref Utf8JsonReader reader, List<ModelText> found)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
                ReadMessage(ref reader, found);
            else if (reader.TokenType == JsonTokenType.String)
                found.Add(new ModelText(false, [At(ref reader)]));
            else
                reader.Skip();
        }
    }

    /// <summary>A message, or an item of a response: its role and its type may stand behind what they are about.</summary>
    private static void ReadMessage(ref Utf8JsonReader reader, List<ModelText> found)
    {
        var kind = KindOf(reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = RpcMessage.Is(ref reader, "content"u8) || RpcMessage.Is(ref reader, "parts"u8);
            var isResult = kind == Kind.Result && !IsAny(ref reader, Words);
            reader.Read();
            if (isResult)
                AddAll(ref reader, found, isToolResult: true);
            else if (isContent && reader.TokenType == JsonTokenType.String && kind == Kind.User)
                found.Add(new ModelText(false, [At(ref reader)]));
            else if (isContent && reader.TokenType == JsonTokenType.StartArray)
                ReadParts(ref reader, kind == Kind.User, found);
            else
                reader.Skip();
        }
    }

    private static void ReadParts(ref Utf8JsonReader reader, bool isUser, List<ModelText> found)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && isUser)
                found.Add(new ModelText(false, [At(ref reader)]));
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            if (KindOf(reader) == Kind.Result)
                AddAll(ref reader, found, isToolResult: true);
            else
                ReadPart(ref reader, isUser, found);
        }
    }

    private static void ReadPart(ref Utf8JsonReader reader, bool isUser, List<ModelText> found)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = RpcMessage.Is(ref reader, "text"u8);
            var isResult = IsAny(ref reader, Results);
            reader.Read();
            if (isResult)
                AddAll(ref reader, found, isToolResult: true);
            else if (isText && isUser && reader.TokenType == JsonTokenType.String)
                found.Add(new ModelText(false, [At(ref reader)]));
            else
                reader.Skip();
        }
    }

    /// <summary>All strings of a value but names of types and IDs are one text.</summary>
    private static void AddAll(ref Utf8JsonReader reader, List<ModelText> found, bool isToolResult)
    {
        var parts = new List<Range>();
        var depth = reader.CurrentDepth;
        var isWord = false;
        do
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
                isWord = IsAny(ref reader, Words);
            else if (reader.TokenType == JsonTokenType.String && !isWord)
                parts.Add(At(ref reader));
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                isWord = false;
            if (reader.CurrentDepth == depth && reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
                break;
        } while (reader.Read());
        if (parts.Count > 0)
            found.Add(new ModelText(isToolResult, parts));
    }

    private static Kind KindOf(Utf8JsonReader reader)
    {
        var kind = Kind.User;
        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth))
        {
            var (isRole, isType) = (RpcMessage.Is(ref reader, "role"u8), RpcMessage.Is(ref reader, "type"u8));
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && isRole)
            {
                if (IsAny(ref reader, ToolRoles))
                    kind = Kind.Result;
                else if (kind != Kind.Result && !RpcMessage.Is(ref reader, "user"u8))
                    kind = Kind.Own;
            }
            else if (reader.TokenType == JsonTokenType.String && isType && IsResult(JsonTexts.Plain(ref reader)))
            {
                kind = Kind.Result;
            }
            else if (reader.TokenType == JsonTokenType.String && isType && kind == Kind.User && IsOwn(JsonTexts.Plain(ref reader)))
            {
                kind = Kind.Own;
            }
            reader.Skip();
        }
        return kind;
    }

    // Of Messages: tool_result, search_result, web_search_tool_result, document, …; of Responses: function_call_output, mcp_call, …
    private static bool IsResult(string type) =>
        type.EndsWith("_result", StringComparison.Ordinal)
        || type.EndsWith("_output", StringComparison.Ordinal)
        || type is "document" or "mcp_call" or "file_search_call" or "web_search_call" or "code_interpreter_call";

    private static bool IsOwn(string type) =>
        type
            is "reasoning"
                or "function_call"
                or "custom_tool_call"
                or "tool_use"
                or "server_tool_use"
                or "thinking"
                or "redacted_thinking";

    private static bool IsAny(ref Utf8JsonReader reader, string[] names)
    {
        foreach (var name in names)
        {
            try
            {
                if (reader.ValueTextEquals(name))
                    return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }
        return false;
    }

    private static Range At(ref Utf8JsonReader reader) => (int)reader.TokenStartIndex..(int)reader.BytesConsumed;

    private enum Kind
    {
        User,
        Own,
        Result,
    }
}
