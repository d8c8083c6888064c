using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The call fits what one call may cost, and what its run has left, with the least output that makes sense.</summary>
internal sealed class CallCostCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "call-cost";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public string Limit => "callMaxCost";

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        var terms = call.Model!;
        if (terms.FittingOutput is not null)
            return null;
        var (bound, caps) = (terms.WantedBound!.Value, terms.Caps);
        if (caps.CallCost is { } most && bound > most && !(caps.RunCost < most))
        {
            var advice = terms.Request.NoOutput ? "" : " or name a smaller output limit";
            return new ApiError(
                402,
                "call_limit_exceeded",
                $"This call can cost up to {bound} USD, and one call may cost {most}: shorten the input{advice}."
            )
            {
                Limit = "perCall.maxCost",
            };
        }
        return caps.RunCost is { } left && bound > left
            ? RunErrors.Exceeded("maxCost", $"{left} USD of the run's budget are left, and this call can cost up to {bound}")
            : RunErrors.Exceeded("maxTokens", $"{caps.RunTokens} tokens of the run's limit are left, which this call can exceed");
    }
}
