using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>No text of the request gives the model orders, where <c>spec.guardrails.screening</c> is Block.</summary>
internal sealed class ScreeningCheck : ICallCheck
{
    /// <summary>The stable code of the refusal.</summary>
    public const string Code = "screening_blocked";

    /// <inheritdoc/>
    public string Id => "screening";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) => call.Screened?.Blocks is { } why ? new ApiError(403, Code, why) : null;
}
