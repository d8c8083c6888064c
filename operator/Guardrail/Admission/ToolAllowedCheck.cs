using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The tool is one that <c>spec.guardrails.tools.allow</c> lists.</summary>
internal sealed class ToolAllowedCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "tool-allowed";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Tool;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call.Tool is not { IsCall: true } message || call.Settings.AllowsTool(message.Tool)
            ? null
            : new ApiError(403, "tool_not_allowed", $"The tool \"{message.Tool}\" is not in guardrails.tools.allow.");
}
