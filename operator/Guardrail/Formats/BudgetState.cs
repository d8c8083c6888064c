using System.Globalization;
using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>What a budget refusal tells a machine.</summary>
/// <param name="Name">The budget's name, for example "day".</param>
/// <param name="Cap">The cap in force, USD.</param>
/// <param name="Spent">Settled plus unproven spend of all holders, USD.</param>
internal sealed record BudgetState(string Name, Money Cap, Money Spent)
{
    /// <summary>The cap on tokens; null where there is none.</summary>
    public long? CapTokens { get; init; }

    /// <summary>Settled plus unproven tokens of all holders.</summary>
    public long SpentTokens { get; init; }

    /// <summary>Whether what is spent and this, together, are more than the cap.</summary>
    public bool IsPassedBy(Amount more) => Spent + more.Cost > Cap || SpentTokens + more.Tokens > CapTokens;

    /// <summary>"0.4 of 0.5 USD", "900 of 1000 tokens" or both.</summary>
    public string InWords =>
        CapTokens is not { } most
            ? $"{Spent} of {Cap} USD"
            : (Cap > Money.Zero ? $"{Spent} of {Cap} USD and " : "")
                + string.Create(CultureInfo.InvariantCulture, $"{SpentTokens} of {most} tokens");
}
