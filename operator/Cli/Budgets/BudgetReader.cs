using System.Net;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using k8s;

namespace AgentReadiness.Cli.Budgets;

/// <summary>Where the amounts come from.</summary>
internal enum BudgetSource
{
    /// <summary>The ledger where it can be read, else the status.</summary>
    Either,

    /// <summary>The ledger.</summary>
    Ledger,

    /// <summary>The status.</summary>
    Status,
}

/// <summary>Reads how a budget stands.</summary>
/// <param name="cluster">Where.</param>
/// <param name="operatorNamespace">Where ledgers and ceilings are.</param>
internal sealed class BudgetReader(Cluster cluster, string operatorNamespace)
{
    /// <summary>Reads the object, and its ledger where asked to.</summary>
    /// <exception cref="RefusalException">It is not there, has no budget, or its ledger cannot be read and must be.</exception>
    public async Task<BudgetReport> ReadAsync(BudgetTarget target, BudgetSource source, DateTimeOffset now, CancellationToken stop)
    {
        var found = await BudgetObject.ReadAsync(cluster, target, stop);
        var (ledger, why) = source == BudgetSource.Status ? (null, "--status was given") : await LedgerAsync(target.LedgerName, stop);
        if (ledger is not null && !TimeZones.TryFind(found.Budget?.TimeZone, out _))
            (ledger, why) = (null, $"this program does not know the time zone \"{found.Budget!.TimeZone}\"");
        if (ledger is null && source == BudgetSource.Ledger)
            throw new RefusalException($"--ledger: {why}; leave the option out to read the status");
        var report = ledger is null ? await OfStatusAsync(found, why!, now, stop) : await OfLedgerAsync(found, ledger, now, stop);
        return report.Windows.Count > 0
            ? report
            : throw new RefusalException(
                found.Budget is { Windows.Count: > 0 }
                    ? $"NAME: the status of {target} tells of no window yet: does the operator run? See its condition WithinBudget"
                    : $"NAME: {target} declares no window in {target.Pointer[1..].Replace('/', '.')}.windows: its spend over time is not "
                        + $"limited"
            );
    }

    private async Task<(BudgetLedger? Ledger, string? Why)> LedgerAsync(string name, CancellationToken stop)
    {
        try
        {
            return await cluster.GetAsync(BudgetTarget.Resource(operatorNamespace, "budgetledgers", name), stop) is { } tree
                ? (KubernetesJson.Deserialize<BudgetLedger>(tree.ToJsonString()), null)
                : (
                    null,
                    $"there is no BudgetLedger {operatorNamespace}/{name}: nothing was granted yet, or --operator-namespace is another one"
                );
        }
        catch (ClusterException error) when (error.Status == HttpStatusCode.Forbidden)
        {
            return (null, $"you may not read BudgetLedgers of namespace {operatorNamespace}");
        }
    }

    private async Task<BudgetReport> OfStatusAsync(BudgetObject found, string why, DateTimeOffset now, CancellationToken stop)
    {
        var lines = new List<WindowLine>();
        foreach (var row in found.Status)
        {
            var slash = row.Budget.LastIndexOf('/');
            lines.Add(
                WindowLines.Of(row, slash < 0 ? found.Budget : await SharedAsync(found.Target.Namespace, row.Budget[..slash], stop), now)
            );
        }
        return new BudgetReport(found.Target, lines, null, why);
    }

    private async Task<BudgetReport> OfLedgerAsync(BudgetObject found, BudgetLedger ledger, DateTimeOffset now, CancellationToken stop)
    {
        var account = ledger.Status ?? new BudgetLedgerStatus();
        var lines = found.Budget is null ? [] : WindowLines.Of("", found.Budget, account, now).ToList();
        var over = WindowLines.Over("", account).ToList();
        foreach (var name in account.Limits.Where(limit => limit is { Last: null, Shared: true }).Select(limit => limit.Budget).Distinct())
        {
            if ((await LedgerAsync(name, stop)).Ledger is not { } pot)
                continue;
            var label = pot.Spec.Namespace == found.Target.Namespace ? pot.Spec.Agent : $"{pot.Spec.Namespace}/{pot.Spec.Agent}";
            if (await SharedAsync(pot.Spec.Namespace, label, stop) is { } shared && TimeZones.TryFind(shared.TimeZone, out _))
                lines.AddRange(WindowLines.Of($"{label}/", shared, pot.Status ?? new BudgetLedgerStatus(), now));
        }
        // What the status tells of shared budgets that could not be read better.
        foreach (
            var row in found.Status.Where(row =>
                row.Budget.Contains('/', StringComparison.Ordinal) && !lines.Exists(line => line.Budget == row.Budget)
            )
        )
            lines.Add(WindowLines.Of(row, await SharedAsync(found.Target.Namespace, row.Budget[..row.Budget.LastIndexOf('/')], stop), now));
        return new BudgetReport(found.Target, lines, $"{operatorNamespace}/{found.Target.LedgerName}", null) { Previous = over };
    }

    // Who may read an agent may not be allowed to read the ceiling above it: then less is told of it.
    private async Task<IWindowedBudget?> SharedAsync(string ns, string label, CancellationToken stop)
    {
        var parts = label.Split('/');
        var target = new BudgetTarget(true, parts.Length == 2 ? parts[0] : ns, parts[^1]);
        try
        {
            return await cluster.GetAsync(target.Path, stop) is { } tree ? BudgetObject.Of(target, tree).Budget : null;
        }
        catch (Exception fault) when (fault is RefusalException or ClusterException { Status: HttpStatusCode.Forbidden })
        {
            return null;
        }
    }
}
