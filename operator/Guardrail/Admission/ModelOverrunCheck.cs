using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>No call of the model's price has cost more than its bound, or somebody has looked into it since.</summary>
internal sealed class ModelOverrunCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "model-overrun";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) => call.Model!.Overrun is { } why ? Error(call.Model, why) : null;

    /// <summary>The refusal.</summary>
    /// <param name="terms">Of the call.</param>
    /// <param name="why">Why the bound did not hold.</param>
    public static ApiError Error(ModelTerms terms, string why) =>
        new(
            402,
            "model_overrun",
            $"A call of the model \"{terms.Request.Model}\" cost more than its upper bound ({why}); models of price rule "
                + $"{terms.Prices!.RuleId} are refused until spec.budget.acknowledgedOverruns names it or, without a budget window, the "
                + $"pod is "
                + "restarted."
        )
        {
            Param = "model",
        };
}
