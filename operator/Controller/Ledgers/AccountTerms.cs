using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What is declared for an account at a moment.</summary>
public sealed record AccountTerms
{
    /// <summary>The terms of an account that nobody declares: reports are booked, and nothing is granted.</summary>
    public static AccountTerms None { get; } = new();

    /// <summary>Its own caps.</summary>
    public IReadOnlyList<LimitTerms> Limits { get; init; } = [];

    /// <summary>
    /// The shared budgets that it must fit as well, the widest first: always in this order, so that no two accounts can wait for each
    /// other.
    /// </summary>
    public IReadOnlyList<AccountKey> Shared { get; init; } = [];

    /// <summary>The overruns that the agent's spec acknowledges.</summary>
    public IReadOnlyList<OverrunAcknowledgement> Acknowledged { get; init; } = [];

    /// <summary>The ledger that the status last saw, while one of its windows lasts: another one now means that it was deleted.</summary>
    public LedgerWitness? Witness { get; init; }

    /// <summary>Every shared budget is observed, so they refuse nothing.</summary>
    public bool SharedObserve { get; init; }

    /// <summary>These terms, below shared budgets.</summary>
    /// <param name="shared">The shared budgets, the widest first.</param>
    /// <param name="now">The moment.</param>
    internal AccountTerms Below(IReadOnlyList<SharedBudget> shared, DateTimeOffset now) =>
        this with
        {
            Shared = [.. shared.Select(one => one.Account)],
            SharedObserve = shared.All(one => one.Budget?.Spec is { } spec && BudgetWindows.Limits(spec, now).All(limit => limit.Observe)),
        };

    /// <summary>Whether somebody declares the account.</summary>
    public bool MayGrant => Limits.Count > 0 || Shared.Count > 0;

    /// <summary>No limit refuses anything: guardrails spend first and report afterwards.</summary>
    public bool Observe => MayGrant && Limits.All(limit => limit.Observe) && (Shared.Count == 0 || SharedObserve);
}
