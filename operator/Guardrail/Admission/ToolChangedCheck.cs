using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// The tool is what this pod saw of it first, where <c>spec.guardrails.tools.onToolChange</c> is Enforce: a description that
/// changes after it was approved is how a server turns on those who trust it.
/// </summary>
internal sealed class ToolChangedCheck : ICallCheck
{
    /// <summary>The stable code of the refusal.</summary>
    public const string Code = "tool_changed";

    /// <inheritdoc/>
    public string Id => "tool-changed";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Tool;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call is { HasToolChanged: true, Settings.ToolSchemas.RefusesChanged: true }
            ? new ApiError(
                403,
                Code,
                $"The tool \"{call.Tool!.Tool}\" is not called: its server has changed its description or schema since this pod saw it "
                    + "first. Look at the change; new pods take what they see first."
            )
            : null;
}
