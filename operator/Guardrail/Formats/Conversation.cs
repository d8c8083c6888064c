using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What a model request says of its conversation, in the words of Chat Completions, Responses, Messages and generateContent alike. Pure.
/// </summary>
/// <param name="SystemPrompt">All that it tells the model as system or developer; empty where there is nothing.</param>
/// <param name="GoesOn">The model has said something before, or a tool has: the conversation did not begin with this request.</param>
internal readonly record struct Conversation(string SystemPrompt, bool GoesOn)
{
    /// <summary>A digest of the first message that is no system prompt; 0 where there is none.</summary>
    public UInt128 Opening { get; init; }

    /// <summary>What was said before is stored at the provider.</summary>
    public bool IsStored { get; init; }

    private static readonly byte[][] Lists = ["messages"u8.ToArray(), "input"u8.ToArray(), "contents"u8.ToArray()];
    private static readonly byte[][] Prompts =
    [
        "system"u8.ToArray(),
        "instructions"u8.ToArray(),
        "systemInstruction"u8.ToArray(),
        "system_instruction"u8.ToArray(),
    ];
    private static readonly byte[][] Stored = ["previous_response_id"u8.ToArray(), "conversation"u8.ToArray()];
    private static readonly byte[][] ToolParts =
    [
        "functionCall"u8.ToArray(),
        "function_call"u8.ToArray(),
        "functionResponse"u8.ToArray(),
        "function_response"u8.ToArray(),
    ];
    private static readonly byte[][] SystemRoles = ["system"u8.ToArray(), "developer"u8.ToArray()];

    /// <summary>Reads a body that is known to be a JSON object.</summary>
    public static Conversation Read(ReadOnlySpan<byte> body)
    {
        var (prompt, goesOn, stored, opening) = (new StringBuilder(), false, false, default(UInt128));
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isList, isPrompt, isStored) = (IsAny(ref reader, Lists), IsAny(ref reader, Prompts), IsAny(ref reader, Stored));
            reader.Read();
            if (isPrompt)
                Append(ref reader, prompt);
            else if (isStored)
                stored |= reader.TokenType != JsonTokenType.Null;
            else if (isList && reader.TokenType == JsonTokenType.StartArray)
                goesOn |= ReadMessages(ref reader, prompt, body, ref opening);
            reader.Skip();
        }
        return new Conversation(prompt.ToString(), goesOn || stored) { Opening = opening, IsStored = stored };
    }

    private static bool ReadMessages(ref Utf8JsonReader reader, StringBuilder prompt, ReadOnlySpan<byte> body, ref UInt128 opening)
    {
        var goesOn = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            var speaker = SpeakerOf(reader);
            goesOn |= speaker == Speaker.Other;
            if (speaker == Speaker.System)
            {
                ReadContent(ref reader, prompt);
                continue;
            }
            var from = (int)reader.TokenStartIndex;
            reader.Skip();
            if (opening == default)
                opening = XxHash128.HashToUInt128(body[from..(int)reader.BytesConsumed]);
        }
        return goesOn;
    }

    private static void ReadContent(ref Utf8JsonReader reader, StringBuilder prompt)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = RpcMessage.Is(ref reader, "content"u8) || RpcMessage.Is(ref reader, "parts"u8);
            reader.Read();
            if (isContent)
                Append(ref reader, prompt);
            reader.Skip();
        }
    }

    // A text, or all members called "text" below. The reader ends on the last token of the value.
    private static void Append(ref Utf8JsonReader reader, StringBuilder prompt)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            prompt.Append(JsonTexts.Plain(ref reader));
            return;
        }
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        var depth = reader.CurrentDepth;
        var isText = false;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
                isText = RpcMessage.Is(ref reader, "text"u8);
            else if (reader.TokenType == JsonTokenType.String && isText)
                prompt.Append(JsonTexts.Plain(ref reader));
        }
    }

    // The role may stand behind the content. An item without a role is a message of the user only where it has no type of its own.
    private static Speaker SpeakerOf(Utf8JsonReader reader)
    {
        var speaker = Speaker.User;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isRole, isType) = (RpcMessage.Is(ref reader, "role"u8), RpcMessage.Is(ref reader, "type"u8));
            var isParts = RpcMessage.Is(ref reader, "parts"u8);
            reader.Read();
            if (isRole && reader.TokenType == JsonTokenType.String)
            {
                if (IsAny(ref reader, SystemRoles))
                    return Speaker.System;
                if (!RpcMessage.Is(ref reader, "user"u8))
                    return Speaker.Other;
            }
            if (isType && reader.TokenType == JsonTokenType.String && !RpcMessage.Is(ref reader, "message"u8))
                speaker = Speaker.Other;
            if (isParts && reader.TokenType == JsonTokenType.StartArray && HoldsTools(reader))
                return Speaker.Other;
            reader.Skip();
        }
        return speaker;
    }

    // Gemini's calls of functions and what they gave are parts, whoever's message they stand in.
    private static bool HoldsTools(Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == depth + 2 && IsAny(ref reader, ToolParts))
                return true;
        }
        return false;
    }

    private static bool IsAny(ref Utf8JsonReader reader, byte[][] names)
    {
        foreach (var name in names)
        {
            if (RpcMessage.Is(ref reader, name))
                return true;
        }
        return false;
    }

    private enum Speaker
    {
        User,
        System,
        Other,
    }
}
