using System.Text;
using System.Text.Json;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Agents;

/// <summary>Reads an agent's response. Pure; what is wrong is said without a word of the response.</summary>
internal static class ResponseReader
{
    private const int MaxCalls = 1000;

    /// <summary>A chat completion.</summary>
    public static (Answer? Answer, string? Fault) Chat(byte[] body) =>
        Read(
            body,
            static root =>
            {
                var calls = Calls(root);
                if (Message(root) is { } message)
                {
                    // A model that declines says so here, mostly with content null: that is what the user gets to read.
                    var refusal =
                        message.TryGetProperty("refusal", out var said) && said.ValueKind == JsonValueKind.String ? said.GetString() : null;
                    if (message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String)
                        return (new Answer(content.GetString()!) { Refused = !string.IsNullOrEmpty(refusal), ToolCalls = calls }, null);
                    if (refusal is not null)
                        return (new Answer(refusal) { Refused = true, ToolCalls = calls }, null);
                    // It hands the calls to its caller and says nothing.
                    if (
                        message.TryGetProperty("tool_calls", out var own)
                        && own is { ValueKind: JsonValueKind.Array }
                        && own.GetArrayLength() > 0
                    )
                        return (new Answer(string.Empty) { ToolCalls = calls }, null);
                }
                return (null, "the body has no text in choices[0].message.content");
            }
        );

    /// <summary>The response of an agent with an API of its own.</summary>
    /// <param name="body">Of the response.</param>
    /// <param name="text">Where its text is; null for the whole body.</param>
    public static (Answer? Answer, string? Fault) Own(byte[] body, JsonPath? text)
    {
        if (text is null)
        {
            var whole = Encoding.UTF8.GetString(body);
            // Tools are only in JSON, and the body need not be any.
            return Read(body, root => (new Answer(whole) { ToolCalls = Calls(root) }, null)) is { Answer: not null } read
                ? read
                : (new Answer(whole), null);
        }
        return Read(
            body,
            root =>
            {
                if (!text.TryFind(root, out var found) || found.ValueKind == JsonValueKind.Null)
                    return (null, "the body has nothing at response.text");
                return (
                    new Answer(found.ValueKind == JsonValueKind.String ? found.GetString()! : found.GetRawText())
                    {
                        ToolCalls = Calls(root),
                    },
                    null
                );
            }
        );
    }

    /// <summary>A refusal that an HTTP status told: the text of its error, else the whole body.</summary>
    public static Answer Refusal(byte[] body)
    {
        var (read, _) = Read(
            body,
            static root =>
                root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.String
                    ? (new Answer(message.GetString()!), null)
                    : (null, string.Empty)
        );
        return (read ?? new Answer(Encoding.UTF8.GetString(body))) with { Refused = true };
    }

    private static (Answer? Answer, string? Fault) Read(byte[] body, Func<JsonElement, (Answer?, string?)> read)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes or escapes that are no Unicode text.
            return (null, "the body is not JSON that can be read");
        }
        catch (FormatException exception)
        {
            return (null, exception.Message);
        }
    }

    private static JsonElement? Message(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty("choices", out var choices)
        && choices.ValueKind == JsonValueKind.Array
        && choices.GetArrayLength() > 0
        && choices[0] is { ValueKind: JsonValueKind.Object } choice
        && choice.TryGetProperty("message", out var message)
        && message.ValueKind == JsonValueKind.Object
            ? message
            : null;

    /// <summary>
    /// From every place where an agent may tell of its tools, together: what one of them leaves out must not pass for not called. Null
    /// where there is no such place.
    /// </summary>
    private static List<ToolCall>? Calls(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return null;
        List<ToolCall>? calls = null;
        void Take(JsonElement holder)
        {
            if (
                holder.ValueKind != JsonValueKind.Object
                || !holder.TryGetProperty("tool_calls", out var list)
                || list.ValueKind == JsonValueKind.Null
            )
                return;
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxCalls)
                throw new FormatException("tool_calls in the body cannot be read");
            calls ??= [];
            calls.AddRange(list.EnumerateArray().Select(Call));
        }
        if (Message(root) is { } message)
            Take(message);
        Take(root);
        if (root.TryGetProperty("agent", out var agent))
            Take(agent);
        return calls;
    }

    private static ToolCall Call(JsonElement call)
    {
        // OpenAI's form has name and arguments in "function"; a plainer one has them beside each other.
        var function = call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out var inner) ? inner : call;
        if (
            function.ValueKind != JsonValueKind.Object
            || !function.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String
        )
            throw new FormatException("tool_calls in the body cannot be read");
        if (!function.TryGetProperty("arguments", out var arguments))
            return new ToolCall(name.GetString()!, null);
        if (arguments.ValueKind != JsonValueKind.String)
            return new ToolCall(name.GetString()!, arguments.Clone());
        using var parsed = JsonAnswer.Parse(arguments.GetString()!);
        return new ToolCall(name.GetString()!, parsed?.RootElement.Clone());
    }
}
