namespace AgentReadiness.Guardrail.Budget;

/// <summary>A reservation, or why there is none; both where the budget is only observed and would have refused.</summary>
internal readonly record struct GrantResult(Reservation? Reservation, GrantRefusal Refusal);
