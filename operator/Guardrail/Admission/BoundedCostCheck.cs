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
        if (terms.WantedBound is not null || terms.Prices!.WhyUnbounded(terms.Bound) is not { } unbounded)
            return null;
        return BodyReader.Unbounded(unbounded.Parameter, $"What this call can cost cannot be bounded: {unbounded.Why}.");
    }
}
