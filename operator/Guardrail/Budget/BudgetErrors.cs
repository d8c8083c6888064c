using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>What an agent is told when money is the reason.</summary>
internal static class BudgetErrors
{
    private static readonly TimeSpan RetryIn = TimeSpan.FromSeconds(1);

    /// <summary>The error for a refusal.</summary>
    /// <param name="refusal">Why; not <see cref="GrantRefusal.None"/>.</param>
    /// <param name="budget">As the operator last told it.</param>
    /// <param name="call">The call's upper bound.</param>
    public static ApiError For(GrantRefusal refusal, BudgetState? budget, Amount call) =>
        refusal switch
        {
            GrantRefusal.Exhausted => new ApiError(
                402,
                "budget_exhausted",
                $"The budget \"{budget?.Name}\" is exhausted: {budget?.InWords} are spent, and this call can cost up to "
                    + $"{Words(call, budget)}."
            )
            {
                Budget = budget,
            },
            GrantRefusal.Contended => new ApiError(
                429,
                "budget_contended",
                $"Other calls hold what is left of the budget \"{budget?.Name}\"; this call can cost up to {Words(call, budget)}. Try "
                    + $"again.",
                Retry: true
            )
            {
                Budget = budget,
                RetryAfter = RetryIn,
            },
            GrantRefusal.Stopping => new ApiError(503, "guardrail_stopping", "This pod is shutting down.", Retry: true),
            _ => new ApiError(
                402,
                "budget_authority_unreachable",
                $"The operator that grants budget does not answer, and what this pod holds is less than the {call.Cost} USD that this "
                    + $"call can cost."
            ),
        };

    private static string Words(Amount call, BudgetState? budget) =>
        budget?.CapTokens is null
            ? $"{call.Cost} USD"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{call.Cost} USD and {call.Tokens} tokens");
}
