using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Calls of tools in Responses: items of the types <c>function_call</c> and <c>custom_tool_call</c>.</summary>
internal sealed class ResponsesCalls(Action<EmittedCall> found) : EmittedCalls(found)
{
    private bool hasItems;

    /// <inheritdoc/>
    protected override void OnWhole(JsonElement answer)
    {
        foreach (var item in List(answer, "output"))
            OnItem(item);
    }

    /// <inheritdoc/>
    protected override void OnEvent(JsonElement data)
    {
        switch (Text(data, "type"))
        {
            // The pieces before it say nothing that is not here, too.
            case "response.output_item.done":
                hasItems |= OnItem(Member(data, "item"));
                break;
            case "response.completed" or "response.incomplete" when !hasItems:
                OnWhole(Member(data, "response"));
                break;
            case null:
                // A server that was asked for a stream may send a whole answer.
                OnWhole(data);
                break;
        }
    }

    private bool OnItem(JsonElement item)
    {
        switch (Text(item, "type"))
        {
            case "function_call":
                Found(Text(item, "name"), Member(item, "arguments"));
                return true;
            case "custom_tool_call":
                Found(Text(item, "name"), Member(item, "input"), isText: true);
                return true;
            default:
                return false;
        }
    }
}
