using System.Text.Json;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Calls of tools in Chat Completions: <c>tool_calls</c>, and the older <c>function_call</c>.</summary>
internal sealed class ChatCalls(Action<EmittedCall> found) : EmittedCalls(found)
{
    /// <inheritdoc/>
    protected override void OnWhole(JsonElement answer)
    {
        foreach (var choice in List(answer, "choices"))
        {
            var message = Member(choice, "message");
            if (IsCut(Text(choice, "finish_reason")))
            {
                if (List(message, "tool_calls").Any() || Member(message, "function_call").ValueKind == JsonValueKind.Object)
                    FoundUnread("", ToolVerdict.CutOff);
                continue;
            }
            foreach (var call in List(message, "tool_calls"))
            {
                var (function, custom) = (Member(call, "function"), Member(call, "custom"));
                if (custom.ValueKind == JsonValueKind.Object)
                    Found(Text(custom, "name"), Member(custom, "input"), isText: true);
                else
                    Found(Text(function, "name"), Member(function, "arguments"));
            }
            if (Member(message, "function_call") is { ValueKind: JsonValueKind.Object } old)
                Found(Text(old, "name"), Member(old, "arguments"));
        }
    }

    /// <inheritdoc/>
    protected override void OnEvent(JsonElement data)
    {
        foreach (var choice in List(data, "choices"))
        {
            var number = Number(choice, "index") ?? 0;
            var delta = Member(choice, "delta");
            foreach (var call in List(delta, "tool_calls"))
            {
                var (function, custom) = (Member(call, "function"), Member(call, "custom"));
                var named = custom.ValueKind == JsonValueKind.Object ? custom : function;
                var pieces = Of(call, number, Text(named, "name"));
                pieces.IsText |= custom.ValueKind == JsonValueKind.Object;
                Name(pieces, Text(named, "name"));
                var arguments = Member(named, pieces.IsText ? "input" : "arguments");
                // Some servers give the whole object.
                Append(
                    pieces,
                    arguments.ValueKind == JsonValueKind.Object ? arguments.GetRawText()
                        : arguments.ValueKind == JsonValueKind.String ? arguments.GetString()
                        : null
                );
            }
            if (Member(delta, "function_call") is { ValueKind: JsonValueKind.Object } old)
            {
                var pieces = Open($"{number} f");
                Name(pieces, Text(old, "name"));
                Append(pieces, Text(old, "arguments"));
            }
            // Some servers say an empty reason with each piece.
            if (Text(choice, "finish_reason") is { Length: > 0 } reason)
                CloseAll(key => key.StartsWith($"{number} ", StringComparison.Ordinal), IsCut(reason) ? ToolVerdict.CutOff : null);
            // A server that was asked for a stream may send a whole message.
            if (Member(choice, "message").ValueKind == JsonValueKind.Object)
                OnWhole(data);
        }
    }

    // Without an index, a piece with a name and an ID begins a call, and any other one goes on with the last.
    private Pieces Of(JsonElement call, long choice, string? name)
    {
        if (Number(call, "index") is { } index)
        {
            var key = $"{choice} {index}";
            var own = Text(call, "id") is { Length: > 0 } given && name is { Length: > 0 } ? given : null;
            // Some servers give one number to all calls: a name with another ID begins another one.
            if (own is not null && Find(key) is { Id: { } known } && known != own)
                Close(key);
            var pieces = Open(key);
            pieces.Id ??= own;
            return pieces;
        }
        return Text(call, "id") is { Length: > 0 } id && name is not null ? Open($"{choice} {id}") : Last ?? Open($"{choice} -");
    }

    // What is cut is no whole call, and no wrong one either.
    private static bool IsCut(string? reason) => reason is "length" or "content_filter";

    private static long? Number(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;
}
