using System.Text.Json;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Calls of tools in Gemini's answers: parts with a <c>functionCall</c>, whole in one event.</summary>
internal sealed class GeminiCalls(Action<EmittedCall> found) : EmittedCalls(found)
{
    /// <inheritdoc/>
    protected override void OnWhole(JsonElement answer) => OnEvent(answer);

    /// <inheritdoc/>
    protected override void OnEvent(JsonElement data)
    {
        foreach (var candidate in List(data, "candidates"))
        {
            foreach (var part in List(Member(candidate, "content"), "parts"))
            {
                if (Member(part, "functionCall") is not { ValueKind: JsonValueKind.Object } call)
                    continue;
                // With streamFunctionCallArguments, its arguments come as paths and values.
                if (
                    Member(call, "partialArgs").ValueKind != JsonValueKind.Undefined
                    || Member(call, "willContinue").ValueKind == JsonValueKind.True
                )
                {
                    if (Text(call, "name") is { Length: > 0 } name)
                        FoundUnread(name, ToolVerdict.InPieces);
                }
                else if (Text(call, "name") is { Length: > 0 } || Member(call, "args").ValueKind == JsonValueKind.Object)
                {
                    Found(Text(call, "name"), Member(call, "args"));
                }
            }
        }
    }
}
