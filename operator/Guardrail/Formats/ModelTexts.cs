using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Finds in a model request what users said and what tools answered: by role and type, in the words of Chat Completions, Responses,
/// Messages and generateContent alike. What the agent itself wrote (system, developer, assistant) is no text of somebody else. Pure.
/// </summary>
internal static class ModelTexts
{
    private static readonly string[] Lists = ["messages", "input", "contents"];

    // Of the wire, and not of a tool: kinds, names, places and bytes of pictures and files.
    private static readonly string[] Words =
    [
        "type",
        "id",
        "tool_use_id",
        "tool_call_id",
        "call_id",
        "item_id",
        "name",
        "role",
        "status",
        "arguments",
        "media_type",
        "mimeType",
        "mime_type",
        "format",
        "cache_control",
        "scheduling",
        "detail",
        "data",
        "image_url",
        "file_data",
        "file_id",
        "encrypted_content",
        "signature",
        "thoughtSignature",
    ];

    // What a function gave to Gemini is its own: any name may stand in it.
    private static readonly string[] Own = ["response"];
    private static readonly string[] Texts = ["text", "content", "output"];
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
                found.Add(ModelText.OfUser(At(ref reader)));
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
                found.Add(ModelText.OfUser(At(ref reader)));
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
            var isText = IsAny(ref reader, Texts);
            reader.Read();
            if (isResult)
                AddAll(ref reader, found, isText);
            else if (isContent && reader.TokenType == JsonTokenType.String && kind == Kind.User)
                found.Add(ModelText.OfUser(At(ref reader)));
            else if (isContent && reader.TokenType == JsonTokenType.StartArray)
                ReadParts(ref reader, kind == Kind.User, found);
            else if (isContent && reader.TokenType == JsonTokenType.StartObject)
                ReadBlock(ref reader, kind == Kind.User, found);
            else
                reader.Skip();
        }
    }

    private static void ReadParts(ref Utf8JsonReader reader, bool isUser, List<ModelText> found)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && isUser)
                found.Add(ModelText.OfUser(At(ref reader)));
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            ReadBlock(ref reader, isUser, found);
        }
    }

    private static void ReadBlock(ref Utf8JsonReader reader, bool isUser, List<ModelText> found)
    {
        if (KindOf(reader) == Kind.Result)
            AddAll(ref reader, found, isText: false);
        else
            ReadPart(ref reader, isUser, found);
    }

    private static void ReadPart(ref Utf8JsonReader reader, bool isUser, List<ModelText> found)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = RpcMessage.Is(ref reader, "text"u8);
            var isResult = IsAny(ref reader, Results);
            reader.Read();
            if (isResult)
                AddAll(ref reader, found, isText: false);
            else if (isText && isUser && reader.TokenType == JsonTokenType.String)
                found.Add(ModelText.OfUser(At(ref reader)));
            else
                reader.Skip();
        }
    }

    /// <summary>All strings of a value but those of the wire are one text.</summary>
    private static void AddAll(ref Utf8JsonReader reader, List<ModelText> found, bool isText)
    {
        var (parts, marks) = (new List<Range>(), new List<Range>());
        Collect(ref reader, (parts, marks), isText, isOwn: false);
        if (parts.Count > 0)
            found.Add(new ModelText(true, parts, marks));
    }

    private static void Collect(ref Utf8JsonReader reader, (List<Range> Parts, List<Range> Marks) to, bool isText, bool isOwn)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            to.Parts.Add(At(ref reader));
            if (isText || isOwn)
                to.Marks.Add(At(ref reader));
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                Collect(ref reader, to, isText, isOwn);
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            // The source of a document that is a text has it under the name that pictures have their bytes under.
            var isPlain = !isOwn && IsOfTexts(reader);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (isOwn)
                    to.Parts.Add(NameAt(ref reader));
                var isData = isPlain && RpcMessage.Is(ref reader, "data"u8);
                var isWord = !isOwn && !isData && IsAny(ref reader, Words);
                var (isTextToo, isOwnToo) = (isData || IsAny(ref reader, Texts), isOwn || IsAny(ref reader, Own));
                reader.Read();
                if (isWord)
                    reader.Skip();
                else
                    Collect(ref reader, to, isTextToo, isOwnToo);
            }
        }
    }

    private static bool IsOfTexts(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = RpcMessage.Is(ref reader, "type"u8);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String && RpcMessage.Is(ref reader, "text"u8))
                return true;
            reader.Skip();
        }
        return false;
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

    // Without the colon behind it.
    private static Range NameAt(ref Utf8JsonReader reader) =>
        (int)reader.TokenStartIndex..((int)reader.TokenStartIndex + reader.ValueSpan.Length + 2);

    private static Range At(ref Utf8JsonReader reader) => (int)reader.TokenStartIndex..(int)reader.BytesConsumed;

    private enum Kind
    {
        User,
        Own,
        Result,
    }
}
