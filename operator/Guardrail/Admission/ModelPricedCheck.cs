using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The model has a price: without one nothing bounds what the call costs.</summary>
internal sealed class ModelPricedCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "model-priced";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call.Model!.Prices is not null
            ? null
            : new ApiError(
                400,
                "model_not_priced",
                $"The model \"{call.Model.Request.Model}\" has no price for upstream \"{call.UpstreamName}\", so its cost cannot be "
                    + $"capped. "
                    + "Name a model of the price catalog, or update the catalog."
            )
            {
                Param = "model",
            };
}
