using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>A shared budget as an agent meets it.</summary>
/// <param name="Account">Its account.</param>
/// <param name="Budget">
/// What declares it; null where an agent names one that does not exist: nothing is granted from it. Null too for the account of all
/// evaluations of an agent, which no AgentBudget declares.
/// </param>
public sealed record SharedBudget(AccountKey Account, AgentBudget? Budget)
{
    /// <summary>Its name for people; the name of a ceiling includes its namespace.</summary>
    public string Name { get; init; } = Account.Agent;
}
