using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A call of a tool is not known to be wrong, where <c>spec.guardrails.tools.schemaCheck</c> is Enforce, and is known to be right where
/// <c>schemaFailMode</c> is Closed. The model is told what to correct.
/// </summary>
internal sealed class ToolSchemaCheck : ICallCheck
{
    /// <summary>The stable code of the refusal.</summary>
    public const string Code = "invalid_tool_call";

    /// <inheritdoc/>
    public string Id => "tool-schema";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Tool;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call is { ToolCheck: { } check, Settings.ToolSchemas: { } settings } && settings.Stops(check.Verdict)
            ? new ApiError(400, Code, check.Sentence(call.Tool!.Tool)) { IsForModel = true }
            : null;
}
