using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>The totals of an account at one moment.</summary>
internal readonly record struct GrantTotals(
    string? Window,
    Amount Granted,
    Amount Settled,
    Amount Unproven,
    Amount Returned,
    Amount Reserved,
    Amount Free
);
