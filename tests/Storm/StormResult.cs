using AgentReadiness.Contracts;

namespace AgentReadiness.Storm;

/// <summary>How pods end.</summary>
internal enum StormCard
{
    /// <summary>By SIGTERM only: everything comes back.</summary>
    Term,

    /// <summary>
    /// By SIGKILL of guardrails, whole pods and operators, and with the network to the operator cut for 60 seconds: the bound holds.
    /// </summary>
    Kill,
}

/// <summary>What a card ended with, USD.</summary>
/// <param name="Cap">The shared budget's cap.</param>
/// <param name="Spent">What the provider counted itself, calls that were cut off included.</param>
/// <param name="Booked">Settled plus unproven in the shared budget's ledger.</param>
/// <param name="Bound">The most that may be booked and not spent.</param>
/// <param name="Lost">Guardrails that ended without a word.</param>
internal sealed record StormResult(Money Cap, Money Spent, Money Booked, Money Bound, int Lost)
{
    /// <summary>What the provider counted beyond the cap.</summary>
    public Money Overspend => Money.Max(Money.Zero, Spent - Cap);

    /// <summary>What is booked and was not spent.</summary>
    public Money Stranded => Money.Max(Money.Zero, Booked - Spent);

    /// <summary>The cap held, nothing that was spent is missing in the ledger, and no more is stranded than is said.</summary>
    public bool Holds => Overspend == Money.Zero && Spent <= Booked && Booked <= Cap && Stranded <= Bound;

    public static StormResult operator +(StormResult a, StormResult b) =>
        new(a.Cap + b.Cap, a.Spent + b.Spent, a.Booked + b.Booked, a.Bound + b.Bound, a.Lost + b.Lost);

    public override string ToString() =>
        $"cap={Cap} spent={Spent} booked={Booked} overspend={Overspend} stranded={Stranded} bound={Bound} lost={Lost} "
        + $"{(Holds ? "holds" : "DOES NOT HOLD")}";
}
