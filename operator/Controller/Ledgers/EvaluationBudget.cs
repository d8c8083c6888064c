using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// What all evaluations and judges of an agent may spend together, over all its revisions, as a budget of its own: a new revision has its
/// own cap, and never a new window. Pure.
/// </summary>
/// <remarks>
/// The agent's own windows of money that refuse, each once more for evaluations. Where it has none, a day with
/// <see cref="Defaults.EvaluationsPerDay"/> whole evaluations. One whole evaluation fits in any case, or no revision could ever pass. What
/// the budget observes, resumes by a person or writes off is what serves: evaluations keep their caps.
/// </remarks>
internal sealed class EvaluationBudget : IWindowedBudget
{
    private EvaluationBudget(BudgetSpec budget, Money whole)
    {
        TimeZone = budget.TimeZone;
        Windows =
        [
            .. budget
                .Windows.Where(window => window.MaxCost is not null && window.OnExhausted != ExhaustedAction.Alert)
                .Select(window =>
                    Window(window.Period, Money.Max(BudgetWindows.Cost(window.MaxCost) ?? Money.Zero, whole), window.AlertAt)
                ),
        ];
        if (Windows.Count == 0)
            Windows.Add(Window(BudgetPeriod.Day, new Money(whole.Amount * Defaults.EvaluationsPerDay), null));
        Raises = [.. budget.Raises.Where(raise => raise.MaxCost is not null)];
    }

    /// <summary>None: it enforces.</summary>
    public BudgetMode? Mode => null;

    /// <inheritdoc/>
    public string? TimeZone { get; }

    /// <inheritdoc/>
    public List<BudgetWindow> Windows { get; }

    /// <inheritdoc/>
    public List<BudgetRaise> Raises { get; }

    /// <summary>None: a write-off is of what served.</summary>
    public List<BudgetWriteOff> WriteOffs { get; } = [];

    /// <summary>The budget of an agent's evaluations.</summary>
    /// <param name="agent">The agent's spec.</param>
    /// <param name="suites">Its suites, those that exist.</param>
    public static EvaluationBudget Of(AgentDeploymentSpec agent, IEnumerable<EvalSuite> suites) =>
        new(agent.Budget ?? new BudgetSpec(), Cap(BudgetWindows.Evals(agent)) + Cap(BudgetWindows.Judge(suites, 0)));

    private static BudgetWindow Window(BudgetPeriod period, Money cap, List<int>? alertAt) =>
        new()
        {
            Period = period,
            MaxCost = cap.ToString(),
            AlertAt = alertAt,
            // A spent window stops evaluations until the next one. It scales nobody down, and waits for nobody.
            OnExhausted = ExhaustedAction.Block,
        };

    private static Money Cap(AccountTerms terms) => terms.Limits.Single().MaxCost ?? Money.Zero;
}
