using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// The accounts that earlier processes of this pod did not close, as the journal has them. Their closing reports go before anything that
/// this process says: the operator takes the first word of a new holder for the end of the ones before it, and what those held for
/// unproven.
/// </summary>
internal sealed class OrphanedHolders
{
    private readonly Lock gate = new();
    private readonly Journal? journal;
    private readonly ILogger logger;
    private readonly Queue<(int Cell, GrantReport Report)> left = new();

    /// <summary>Takes over what a journal has.</summary>
    public OrphanedHolders(Journal? journal, ILogger<OrphanedHolders> logger)
    {
        this.journal = journal;
        this.logger = logger;
        foreach (var (cell, record) in journal?.Orphaned ?? [])
        {
            var closing = record.Closing();
            logger.OrphanedHolder(record.Holder, record.Window, closing.Settled.ToString(), closing.Unproven.ToString());
            left.Enqueue((cell, new GrantReport(closing, new GrantWindow(), 0)));
        }
    }

    /// <summary>The closing reports that the operator has not answered.</summary>
    public IReadOnlyList<GrantRequest> Left
    {
        get
        {
            lock (gate)
                return [.. left.Select(one => one.Report.Request)];
        }
    }

    /// <summary>The report that is to be sent now, or null.</summary>
    public GrantReport? Next()
    {
        lock (gate)
            return left.TryPeek(out var next) ? next.Report : null;
    }

    /// <summary>
    /// Whether an answer is to one of these reports. Any answer ends it: it is booked, or its holder is closed, or its window is over.
    /// </summary>
    public bool Answered(GrantReport report, GrantResponse answer)
    {
        lock (gate)
        {
            if (!left.TryPeek(out var next) || next.Report != report)
                return false;
            left.Dequeue();
            journal?.Forget(next.Cell);
            logger.OrphanedHolderClosed(report.Request.Holder, report.Request.Window, answer.Outcome);
            return true;
        }
    }
}
