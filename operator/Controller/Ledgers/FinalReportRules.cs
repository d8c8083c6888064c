using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// The closing reports that guardrails left in their termination messages. They are trusted no more than a message of the grant protocol,
/// because anybody who controls the container may have written them: they count only for holders that the ledger lists for that pod, and
/// their totals only grow. Pure.
/// </summary>
internal static class FinalReportRules
{
    /// <summary>The closing reports of holders that are open, with the pods that left them.</summary>
    /// <param name="holders">The holders of one ledger.</param>
    /// <param name="messages">Messages, by the UID of their pod.</param>
    public static IReadOnlyList<(GrantRequest Last, HolderPod Pod)> Of(
        IReadOnlyList<LedgerHolder> holders,
        IReadOnlyDictionary<string, string> messages
    )
    {
        var found = new List<(GrantRequest, HolderPod)>();
        foreach (
            var group in holders
                .Where(holder => holder.Closed != true && messages.ContainsKey(holder.PodUid))
                .GroupBy(holder => holder.PodUid)
        )
        {
            foreach (var report in FinalReports.TryRead(messages[group.Key])?.Reports ?? [])
            {
                if (group.FirstOrDefault(holder => holder.Id == report.Holder) is { } holder)
                    found.Add((Closing(report), new HolderPod(holder.Pod, holder.PodUid)));
            }
        }
        return found;
    }

    /// <summary>
    /// Applies one. A report about a holder that the ledger does not list changes nothing. It must not be taken for a message from before
    /// the
    /// ledger was lost.
    /// </summary>
    public static GrantDecision Apply(
        BudgetLedgerStatus account,
        GrantRequest last,
        HolderPod pod,
        AccountTerms terms,
        DateTimeOffset now
    ) =>
        account.Holders.Any(holder =>
            holder.Id == last.Holder
            && holder.PodUid == pod.Uid
            && holder.Closed != true
            && LedgerLimits.WindowName(account, holder.Segment) == (last.Window ?? LedgerLimits.WindowName(account, account.Segment))
        )
            ? LedgerRules.Apply(account, last, pod, default, terms, now)
            : new GrantDecision(account, GrantOutcome.HolderClosed, Amount.Zero);

    private static GrantRequest Closing(FinalReport report) =>
        new()
        {
            Holder = report.Holder,
            Window = report.Window,
            Settled = report.Settled,
            Unproven = report.Unproven,
            Returned = report.Returned,
            Closing = true,
        };
}
