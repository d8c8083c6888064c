using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// A deployment in the path (Azure OpenAI) answers, whatever model the body names. What is looked at must be what answers: the two agree
/// where they are one name, where both have the same price, or where a deployment without a price bears the model's name at its end, as in
/// "prod-gpt-4o".
/// </summary>
internal static class DeploymentModel
{
    /// <summary>Why they do not agree; null where they do, or one of them is not there.</summary>
    public static ApiError? Disagreement(MeteredRequest request, PriceCatalog prices, string? provider, DateTimeOffset now)
    {
        var (model, deployment) = (request.Model, request.Deployment);
        if (deployment is null || model.Equals(deployment, StringComparison.OrdinalIgnoreCase))
            return null;
        var agree = prices.Find(provider, deployment, now) is { } own
            ? own.RuleId == prices.Find(provider, model, now)?.RuleId
            : deployment.EndsWith(model, StringComparison.OrdinalIgnoreCase) && deployment[^(model.Length + 1)] is '-' or '_' or '.';
        return agree
            ? null
            : BodyReader.Bad(
                "ambiguous_parameter",
                "model",
                $"\"model\" is \"{model}\", and the path names \"{deployment}\": leave it out of the body, or name the same "
                    + "model; a deployment can have a price of its own in the price catalog."
            );
    }
}
