using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Calls of tools in Anthropic's Messages: blocks of the type <c>tool_use</c>. What the provider runs itself has another type.
/// </summary>
internal sealed class MessagesCalls(Action<EmittedCall> found) : EmittedCalls(found)
{
    /// <inheritdoc/>
    protected override void OnWhole(JsonElement answer)
    {
        foreach (var block in List(answer, "content"))
        {
            if (Text(block, "type") == "tool_use")
                Found(Text(block, "name"), Member(block, "input"));
        }
    }

    /// <inheritdoc/>
    protected override void OnEvent(JsonElement data)
    {
        var key = Member(data, "index") is { ValueKind: JsonValueKind.Number } index ? index.GetRawText() : "";
        switch (Text(data, "type"))
        {
            case "content_block_start" when Member(data, "content_block") is var block && Text(block, "type") == "tool_use":
                var pieces = Open(key);
                Name(pieces, Text(block, "name"));
                // Compatible servers may send it all at once.
                if (Member(block, "input") is { ValueKind: JsonValueKind.Object } input && input.GetPropertyCount() > 0)
                    Append(pieces, input.GetRawText());
                break;
            case "content_block_delta" when Find(key) is { } open:
                Append(open, Text(Member(data, "delta"), "partial_json"));
                break;
            case "content_block_stop":
                Close(key);
                break;
            case "message":
                OnWhole(data);
                break;
        }
    }
}
