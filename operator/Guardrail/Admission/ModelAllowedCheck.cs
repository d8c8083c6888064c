using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The model is one that <c>spec.guardrails.models.allow</c> lists.</summary>
internal sealed class ModelAllowedCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "model-allowed";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        var model = call.Model!.Request.Model;
        return call.Settings.Allows(model)
            ? null
            : new ApiError(403, "model_not_allowed", $"The model \"{model}\" is not in guardrails.models.allow.") { Param = "model" };
    }
}
