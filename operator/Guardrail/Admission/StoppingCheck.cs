using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>No new model call begins while the guardrail shuts down: its cost could not be settled any more.</summary>
internal sealed class StoppingCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "stopping";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call.Stopping ? new ApiError(503, "guardrail_stopping", "This pod is shutting down.", Retry: true) : null;
}
