using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What an account asks a shared budget for.</summary>
/// <param name="Need">What calls wait for that does not fit what is lent; null for a mere report.</param>
/// <param name="Call">The reservation of the first of them; null for a mere report.</param>
/// <param name="Also">What other calls wait for.</param>
internal readonly record struct LoanRequest(Amount? Need, Amount? Call, Amount Also)
{
    /// <summary>Nothing is asked for: what the account spent is reported.</summary>
    public static LoanRequest Report => new(null, null, Amount.Zero);

    /// <summary>The account becomes a holder of the shared budget, and needs no money of it yet.</summary>
    public static LoanRequest Join => new(Amount.Zero, Amount.Zero, Amount.Zero);
}
