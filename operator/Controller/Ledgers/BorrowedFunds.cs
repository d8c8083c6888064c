using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// What one account borrows from its shared budgets: the I/O around <see cref="Borrowing"/>. Not thread-safe; belongs to one writer.
/// </summary>
internal sealed class BorrowedFunds(
    AccountKey account,
    Func<AccountKey, GrantRequest, HolderPod, Amount, CancellationToken, Task<GrantResponse>> borrow,
    TimeProvider time
)
{
    private static readonly TimeSpan Coalesce = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ContentionLasts = TimeSpan.FromSeconds(10);

    // When a write of a shared budget fails, the reports that were not written yet are lost. So everything is reported again after this
    // time.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, GrantResponse> answers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string News, long At)> told = new(StringComparer.Ordinal);
    private readonly List<(AccountKey Shared, GrantRequest Closing)> forgotten = [];
    private Dictionary<string, AccountKey> keys = new(StringComparer.Ordinal);
    private long? toldAt;
    private long? contendedSince;

    /// <summary>Whether somebody else waits for money that this account or its holders may not need.</summary>
    public bool IsContended => contendedSince is { } since && time.GetElapsedTime(since) < ContentionLasts;

    /// <summary>Notes that somebody else waits for money.</summary>
    public void NoteContention() => contendedSince = time.GetTimestamp();

    /// <summary>What a shared budget answered last.</summary>
    public GrantResponse? LastAnswer(string budget) => answers.GetValueOrDefault(budget);

    /// <summary>Joins the shared budgets of the terms that the account has no open limit of.</summary>
    public async Task<BudgetLedgerStatus> JoinAsync(
        BudgetLedgerStatus status,
        BudgetLedgerStatus written,
        AccountTerms terms,
        CancellationToken cancellationToken
    )
    {
        if (terms.Shared.Count > 0)
            keys = terms
                .Shared.Concat(keys.Values)
                .DistinctBy(key => key.LedgerName)
                .ToDictionary(key => key.LedgerName, StringComparer.Ordinal);
        foreach (var shared in terms.Shared)
        {
            if (Open(status, shared.LedgerName) is not null)
                continue;
            var answer = await AskAsync(shared, status, null, written, LoanRequest.Join, cancellationToken);
            status = Borrowing.Take(status, shared, null, answer, time.GetUtcNow());
        }
        return status;
    }

    /// <summary>Asks for what calls lack, each shared budget once, the widest first.</summary>
    /// <param name="opened">The account before the calls.</param>
    /// <param name="after">The account after those that could go.</param>
    /// <param name="written">The account as it is written.</param>
    /// <param name="terms">What is declared.</param>
    /// <param name="shortages">The others.</param>
    /// <param name="asked">Takes the answers.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<BudgetLedgerStatus> AskAsync(
        BudgetLedgerStatus opened,
        BudgetLedgerStatus after,
        BudgetLedgerStatus written,
        AccountTerms terms,
        IReadOnlyList<Shortage> shortages,
        Dictionary<string, (GrantResponse Answer, Amount Call)> asked,
        CancellationToken cancellationToken
    )
    {
        foreach (var shared in terms.Shared)
        {
            var lacking = shortages.Where(shortage => shortage.Budget == shared.LedgerName).ToList();
            if (lacking.Count == 0 || Open(opened, shared.LedgerName) is not { } limit || Open(after, shared.LedgerName) is not { } now)
                continue;
            var answer = await AskAsync(
                shared,
                after,
                now,
                written,
                new LoanRequest(
                    lacking[0].Need,
                    lacking[0].Call,
                    Amount.Sum(lacking.Skip(1).Select(one => one.Need).Concat(lacking.Select(one => one.Also)))
                ),
                cancellationToken
            );
            asked[shared.LedgerName] = (answer, lacking[0].Call);
            opened = Borrowing.Take(opened, shared, limit, answer, time.GetUtcNow());
        }
        return opened;
    }

    /// <summary>
    /// Closes a line of a shared budget that was to be a limit of this account and never became one: nothing was spent of it.
    /// </summary>
    public void ForgetJoin(BudgetLedgerStatus status, AccountKey shared, LedgerHolder row)
    {
        var known = status.Limits.Any(limit => limit.Budget == shared.LedgerName && Borrowing.Holder(status, limit.First) == row.Id);
        if (
            !known
            && long.TryParse(row.Id.AsSpan(row.Id.LastIndexOf('-') + 1), out var first)
            && first <= status.Segment
            && row.Id == Borrowing.Holder(status, first)
        )
            forgotten.Add(
                (
                    shared,
                    new GrantRequest
                    {
                        Holder = row.Id,
                        Window = answers.GetValueOrDefault(shared.LedgerName)?.Window,
                        Closing = true,
                    }
                )
            );
    }

    /// <summary>
    /// Reports what is new to the shared budgets, and closes limits that have ended. The account must have been written before. A report
    /// that
    /// fails is repeated later.
    /// </summary>
    public async Task<BudgetLedgerStatus> TendAsync(BudgetLedgerStatus status, bool atOnce, CancellationToken cancellationToken)
    {
        var limits = status.Limits.Where(limit => limit.Shared == true).ToList();
        if ((limits.Count == 0 && forgotten.Count == 0) || (!atOnce && toldAt is { } since && time.GetElapsedTime(since) < Coalesce))
            return status;
        toldAt = time.GetTimestamp();
        try
        {
            foreach (var (shared, closing) in forgotten)
                await borrow(shared, closing, new HolderPod(account.LedgerName, closing.Holder), Amount.Zero, cancellationToken);
            forgotten.Clear();
            foreach (var limit in limits)
            {
                var news = $"{limit.Settled} {limit.Unproven} {limit.Returned} {Borrowing.IsDone(status, limit)}";
                var key = Borrowing.Holder(status, limit.First) + limit.Budget;
                if (
                    (told.TryGetValue(key, out var last) && last.News == news && time.GetElapsedTime(last.At) < Heartbeat)
                    || Key(limit.Budget) is not { } shared
                )
                    continue;
                var answer = await AskAsync(shared, status, limit, status, LoanRequest.Report, cancellationToken);
                told[key] = (news, time.GetTimestamp());
                if (Borrowing.IsDone(status, limit))
                {
                    status = Borrowing.Unlist(status, limit);
                    told.Remove(key);
                }
                else
                {
                    status = Borrowing.Take(status, shared, limit, answer, time.GetUtcNow());
                }
            }
        }
        catch (LedgerUnavailableException)
        {
            // Logged where it happened.
        }
        return status;
    }

    private async Task<GrantResponse> AskAsync(
        AccountKey shared,
        BudgetLedgerStatus status,
        LedgerLimit? limit,
        BudgetLedgerStatus written,
        LoanRequest loan,
        CancellationToken cancellationToken
    )
    {
        var request = Borrowing.Request(status, limit, written, loan.Need, loan.Call);
        var answer = await borrow(shared, request, new HolderPod(account.LedgerName, request.Holder), loan.Also, cancellationToken);
        if (answer.Reclaim || answer.Outcome == GrantOutcome.Held)
            contendedSince = time.GetTimestamp();
        return answers[shared.LedgerName] = answer;
    }

    // An account that left a shared budget must still close what it borrowed there.
    private AccountKey? Key(string ledger) => keys.TryGetValue(ledger, out var key) ? key : AccountKey.Lender(ledger);

    private static LedgerLimit? Open(BudgetLedgerStatus status, string budget) =>
        LedgerLimits.Current(status).FirstOrDefault(limit => limit.Budget == budget);
}
