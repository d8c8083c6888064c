using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The most that the call can cost is known.</summary>
internal sealed class BoundedCostCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "bounded-cost";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        var terms = call.Model!;
        if (terms.WantedBound is not null)
            return null;
        var why =
            terms.Prices!.Unbounded
            ?? (
                terms.Request.WebSearches > 0 && terms.Prices.WebSearch is null
                    ? "a search of the provider has no price"
                    : "some of its input is not text in the body, and the catalog does not know the model's context window"
            );
        return new ApiError(400, "unbounded_cost", $"What this call can cost cannot be bounded: {why}.");
    }
}
