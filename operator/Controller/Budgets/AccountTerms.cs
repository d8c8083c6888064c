using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Budgets;

/// <summary>
/// Where a pod or an account that asks for money lives: as the API server's token review named the pod, or the account's ledger.
/// </summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Uid">The pod's UID.</param>
public readonly record struct HolderPod(string Name, string Uid);

/// <summary>A cap as it is declared now, for the window that is open now.</summary>
/// <param name="Budget">What messages call it, for example "day".</param>
/// <param name="Window">The window, for example "2026-11-24" or "total".</param>
/// <param name="Begins">When it began.</param>
/// <param name="Ends">When it ends.</param>
public sealed record LimitTerms(string Budget, string Window, DateTimeOffset Begins, DateTimeOffset Ends)
{
    /// <summary>The cap in force, USD, raises included; null where cost is not limited.</summary>
    public Money? MaxCost { get; init; }

    /// <summary>The cap on tokens in force; null where they are not limited.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>It refuses nothing.</summary>
    public bool Observe { get; init; }

    /// <summary>Only a person ends an exhaustion.</summary>
    public bool Manual { get; init; }

    /// <summary>With <see cref="Manual"/>: exhaustions before this are over.</summary>
    public DateTime? ResumedAt { get; init; }

    /// <summary>What somebody wrote off, by window.</summary>
    public IReadOnlyDictionary<string, Amount> WrittenOff { get; init; } = new Dictionary<string, Amount>();
}

/// <summary>What is declared for an account at a moment.</summary>
public sealed record AccountTerms
{
    /// <summary>Nobody declares anything: reports are booked, nothing is granted.</summary>
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

    /// <summary>Somebody declares it.</summary>
    public bool MayGrant => Limits.Count > 0 || Shared.Count > 0;

    /// <summary>No limit refuses anything: guardrails spend first and report afterwards.</summary>
    public bool Observe => MayGrant && Limits.All(limit => limit.Observe) && (Shared.Count == 0 || SharedObserve);
}

/// <summary>What the owner's status last told about its ledger.</summary>
/// <param name="Id">The ledger's ID.</param>
/// <param name="Windows">The windows that were open, by budget.</param>
public sealed record LedgerWitness(string Id, IReadOnlyDictionary<string, string> Windows);

/// <summary>What an account may hand out beyond the bare need. Hints only: none of it is needed for safety.</summary>
/// <param name="Extra">What the holder may be expected to need in the next minute.</param>
/// <param name="Also">What other calls of the holder wait for right now.</param>
/// <param name="Ahead">What those wait for who asked before.</param>
public readonly record struct GrantHints(Amount Extra, Amount Also, Amount Ahead);
