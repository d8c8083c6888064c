using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Sees that an agent calls a tool with side effects without the guardrail: its result stands in a model call, and the run has sent no such
/// call through here. Nothing is refused: what is declared for such a tool cannot be held.
/// </summary>
internal static class OffPathTools
{
    /// <summary>A call of a tool came through the guardrail.</summary>
    public static void Crossed(CallContext call)
    {
        if (call.Settings.Config.SideEffects is not null && call.Tool is { IsCall: true } tool && call.Settings.HasSideEffects(tool.Tool))
            call.Run!.Crossings.Crossed(tool.Tool);
    }

    /// <summary>Looks for results of tools in the body of a model call.</summary>
    /// <param name="call">The call, its body and its run known.</param>
    /// <param name="observer">Is told.</param>
    public static void See(CallContext call, ICallObserver observer)
    {
        if (call.Settings.Config.SideEffects is null || call.Body is not { } body)
            return;
        foreach (var result in ToolResults.Read(call.Endpoint.Api, body))
        {
            if (call.Settings.HasSideEffects(result.Tool) && call.Run!.Crossings.IsOffPath(result.Tool, result.Id))
                observer.OffPath(call, result.Tool);
        }
    }
}
