using System.Text.Json;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Calls of tools in Responses: items of the types <c>function_call</c> and <c>custom_tool_call</c>.</summary>
internal sealed class ResponsesCalls(Action<EmittedCall> found) : EmittedCalls(found)
{
    private const int MostItems = 256;

    // The names of items that have begun, and the items that were seen whole, by their IDs.
    private readonly Dictionary<string, string> begun = new(StringComparer.Ordinal);
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private bool hasNameless;

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
            case "response.output_item.added" when begun.Count < MostItems:
                if (Text(Member(data, "item"), "id") is { } id && Text(Member(data, "item"), "name") is { } name)
                    begun[id] = name;
                break;
            // A client may act on these arguments, before their item is there.
            case "response.function_call_arguments.done":
                if (
                    Text(data, "item_id") is { } item
                    && (Text(data, "name") ?? begun.GetValueOrDefault(item)) is { } tool
                    && TrySee(item, null)
                )
                    Found(tool, Member(data, "arguments"));
                break;
            case "response.output_item.done":
                OnItem(Member(data, "item"));
                break;
            // Calls without an ID cannot be told from those that it repeats.
            case "response.completed" or "response.incomplete" when !hasNameless:
                OnWhole(Member(data, "response"));
                break;
            case null:
                // A server that was asked for a stream may send a whole answer.
                OnWhole(data);
                break;
        }
    }

    private void OnItem(JsonElement item)
    {
        if (Text(item, "type") is not ("function_call" or "custom_tool_call") || !TrySee(Text(item, "id"), Text(item, "call_id")))
            return;
        if (Text(item, "status") == "incomplete")
            FoundUnread(Text(item, "name"), ToolVerdict.CutOff);
        else if (Text(item, "type") == "function_call")
            Found(Text(item, "name"), Member(item, "arguments"));
        else
            Found(Text(item, "name"), Member(item, "input"), isText: true);
    }

    // An item is told of once, however often the stream has it.
    private bool TrySee(string? id, string? call)
    {
        hasNameless |= id is null && call is null;
        var isNew = !(id is not null && seen.Contains(id)) && !(call is not null && seen.Contains(call));
        foreach (var one in new[] { id, call })
        {
            if (one is not null && seen.Count < 2 * MostItems)
                seen.Add(one);
        }
        return isNew;
    }
}
