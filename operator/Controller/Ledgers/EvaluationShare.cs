using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// The part of a shared budget that evaluations and judges may use, as a budget of its own: the same windows, each with its share of the
/// cap. They must fit this one and the whole. Pure.
/// </summary>
internal sealed class EvaluationShare : IWindowedBudget
{
    private EvaluationShare(AgentBudgetSpec whole, int percent)
    {
        Mode = whole.Mode;
        TimeZone = whole.TimeZone;
        Windows =
        [
            .. whole.Windows.Select(window => new BudgetWindow
            {
                Period = window.Period,
                MaxCost = Share(window.MaxCost, percent),
                MaxTokens = Share(window.MaxTokens, percent),
                AlertAt = window.AlertAt,
                // A spent share stops evaluations until it has room again. It scales nobody down, and waits for nobody.
                OnExhausted = window.OnExhausted == ExhaustedAction.Alert ? ExhaustedAction.Alert : ExhaustedAction.Block,
            }),
        ];
        Raises =
        [
            .. whole.Raises.Select(raise => new BudgetRaise
            {
                Period = raise.Period,
                MaxCost = Share(raise.MaxCost, percent),
                MaxTokens = Share(raise.MaxTokens, percent),
                Reason = raise.Reason,
                RequestedBy = raise.RequestedBy,
                ExpiresAt = raise.ExpiresAt,
            }),
        ];
    }

    /// <inheritdoc/>
    public BudgetMode? Mode { get; }

    /// <inheritdoc/>
    public string? TimeZone { get; }

    /// <inheritdoc/>
    public List<BudgetWindow> Windows { get; }

    /// <inheritdoc/>
    public List<BudgetRaise> Raises { get; }

    /// <summary>None: a write-off is of the whole budget, and says nothing about who did not spend the money.</summary>
    public List<BudgetWriteOff> WriteOffs { get; } = [];

    /// <summary>The share; null where a budget declares none.</summary>
    public static EvaluationShare? Of(AgentBudgetSpec budget) =>
        budget.Evaluations is { MaxPercent: var percent } ? new EvaluationShare(budget, percent) : null;

    // Rounded down: a share is never more than its part of the cap.
    private static string? Share(string? cap, int percent) =>
        Money.TryParse(cap, out var whole)
            ? new Money(decimal.Round(whole.Amount * percent / 100m, Money.FractionDigits, MidpointRounding.ToZero)).ToString()
            : cap;

    private static long? Share(long? cap, int percent) => cap is { } whole ? (long)((Int128)whole * percent / 100) : null;
}
