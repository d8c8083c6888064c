using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// The run has not met as many failures of tools in a row as <c>spec.guardrails.tools.stopAfter</c> says. What is no call, such as the end
/// of a session with a server, passes.
/// </summary>
internal sealed class ToolFailuresCheck : ICallCheck
{
    /// <summary>The stable code of the refusal.</summary>
    public const string Code = "tool_failures";

    /// <inheritdoc/>
    public string Id => "tool-failures";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model | CallKind.Tool;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        if (
            call.Settings.ToolFailures?.StopAfter is not { } most
            || (call.Kind == CallKind.Tool && call.Tool is not { IsCall: true })
            || call.Run is not { } run
            || run.ToolFailures.InRow < most
        )
            return null;
        return new ApiError(402, Code, $"{most} calls of tools failed in a row, and the run was stopped: say so instead of an answer.")
        {
            Limit = "tools.stopAfter",
        };
    }
}
