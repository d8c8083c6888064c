using System.Net;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Conditions;
using AgentReadiness.Api.Resources;
using k8s;

namespace AgentReadiness.Cli.Budgets;

/// <summary>Where the amounts come from.</summary>
internal enum BudgetSource
{
    /// <summary>From the ledger where it can be read, else from the status.</summary>
    Either,

    /// <summary>From the ledger only.</summary>
    Ledger,

    /// <summary>From the status only.</summary>
    Status,
}

/// <summary>Reads how a budget stands.</summary>
/// <param name="cluster">The cluster that has the budget.</param>
/// <param name="operatorNamespace">The namespace that has the ledgers and the ceilings.</param>
internal sealed class BudgetReader(Cluster cluster, string operatorNamespace)
{
    /// <summary>Reads the object, and its ledger where the source asks for it.</summary>
    /// <exception cref="RefusalException">
    /// The object is not there or has no budget, or its ledger cannot be read although the source asks for the ledger.
    /// </exception>
    public async Task<BudgetReport> ReadAsync(
        BudgetTarget target,
        BudgetSource source,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var found = await BudgetObject.ReadAsync(cluster, target, cancellationToken);
        var (ledger, why) =
            source == BudgetSource.Status ? (null, "--status was given") : await LedgerAsync(target.LedgerName, cancellationToken);
        if (ledger is not null && !TimeZones.TryFind(found.Budget?.TimeZone, out _))
            (ledger, why) = (null, $"this program does not know the time zone \"{found.Budget!.TimeZone}\"");
        if (ledger is null && source == BudgetSource.Ledger)
            throw new RefusalException($"--ledger: {why}; leave the option out to read the status");
        var report = ledger is null
            ? await OfStatusAsync(found, why!, now, cancellationToken)
            : await OfLedgerAsync(found, ledger, now, cancellationToken);
        // The operator alone knows the caps of evaluations, as the suites count in them: they are told from the status.
        report = report with
        {
            Windows =
            [
                .. report.Windows,
                .. found.Evaluations.Select(row =>
                    WindowLines.Of(row with { Budget = $"evaluations/{row.Budget}" }, null, now) with
                    {
                        OfEvaluations = true,
                    }
                ),
            ],
        };
        return report.Windows.Count > 0
            ? report
            : throw new RefusalException(
                found.Budget is { Windows.Count: > 0 }
                    ? $"NAME: the status of {target} tells of no window yet: does the operator run? "
                        + $"See its condition {ConditionTypes.WithinBudget}"
                    : $"NAME: {target} declares no window in {target.Pointer[1..].Replace('/', '.')}.windows: its spend over time is not "
                        + $"limited"
            );
    }

    private async Task<(BudgetLedger? Ledger, string? Why)> LedgerAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.GetAsync(BudgetTarget.Resource(operatorNamespace, "budgetledgers", name), cancellationToken) is { } tree
                ? (KubernetesJson.Deserialize<BudgetLedger>(tree.ToJsonString()), null)
                : (
                    null,
                    $"there is no BudgetLedger {operatorNamespace}/{name}: nothing was granted yet, or --operator-namespace is another one"
                );
        }
        catch (ClusterException exception) when (exception.Status == HttpStatusCode.Forbidden)
        {
            return (null, $"you may not read BudgetLedgers of namespace {operatorNamespace}");
        }
    }

    private async Task<BudgetReport> OfStatusAsync(BudgetObject found, string why, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var lines = new List<WindowLine>();
        foreach (var row in found.Status)
        {
            var slash = row.Budget.LastIndexOf('/');
            lines.Add(
                WindowLines.Of(
                    row,
                    slash < 0 ? found.Budget : await SharedAsync(found.Target.Namespace, row.Budget[..slash], cancellationToken),
                    now
                )
            );
        }
        return new BudgetReport(found.Target, lines, null, why);
    }

    private async Task<BudgetReport> OfLedgerAsync(
        BudgetObject found,
        BudgetLedger ledger,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var account = ledger.Status ?? new BudgetLedgerStatus();
        var lines = found.Budget is null ? [] : WindowLines.Of("", found.Budget, account, now).ToList();
        var over = WindowLines.Over("", account).ToList();
        foreach (var name in account.Limits.Where(limit => limit is { Last: null, Shared: true }).Select(limit => limit.Budget).Distinct())
        {
            if ((await LedgerAsync(name, cancellationToken)).Ledger is not { } pot)
                continue;
            var label = pot.Spec.Namespace == found.Target.Namespace ? pot.Spec.Agent : $"{pot.Spec.Namespace}/{pot.Spec.Agent}";
            if (await SharedAsync(pot.Spec.Namespace, label, cancellationToken) is { } shared && TimeZones.TryFind(shared.TimeZone, out _))
                lines.AddRange(WindowLines.Of($"{label}/", shared, pot.Status ?? new BudgetLedgerStatus(), now));
        }
        // Shared budgets whose ledger could not be read are told from the status.
        foreach (
            var row in found.Status.Where(row =>
                row.Budget.Contains('/', StringComparison.Ordinal) && !lines.Exists(line => line.Budget == row.Budget)
            )
        )
            lines.Add(
                WindowLines.Of(
                    row,
                    await SharedAsync(found.Target.Namespace, row.Budget[..row.Budget.LastIndexOf('/')], cancellationToken),
                    now
                )
            );
        return new BudgetReport(found.Target, lines, $"{operatorNamespace}/{found.Target.LedgerName}", null) { Previous = over };
    }

    // Somebody who may read an agent is often not allowed to read the ceiling above it. Then less is told about the ceiling.
    private async Task<IWindowedBudget?> SharedAsync(string ns, string label, CancellationToken cancellationToken)
    {
        var parts = label.Split('/');
        var target = new BudgetTarget(true, parts.Length == 2 ? parts[0] : ns, parts[^1]);
        try
        {
            return await cluster.GetAsync(target.Path, cancellationToken) is { } tree ? BudgetObject.Of(target, tree).Budget : null;
        }
        catch (Exception exception) when (exception is RefusalException or ClusterException { Status: HttpStatusCode.Forbidden })
        {
            return null;
        }
    }
}
