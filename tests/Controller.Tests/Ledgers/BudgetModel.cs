using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Guardrail.Budget;

namespace AgentReadiness.Controller.Tests;

/// <summary>A guard of the protocol that a test takes out, to see that the model then finds the bug.</summary>
public enum Guard
{
    /// <summary>None.</summary>
    None,

    /// <summary>A grant is written before it is answered.</summary>
    WriteBeforeAnswer,

    /// <summary>A write is refused where somebody else wrote since.</summary>
    CompareAndSwap,

    /// <summary>Totals only grow: a late message changes nothing.</summary>
    TotalsGrow,

    /// <summary>What is in flight when a guardrail closes counts as spent.</summary>
    InFlightIsUnproven,

    /// <summary>The shared budget is debited first.</summary>
    WidestFirst,

    /// <summary>What an account gives back it has written off first.</summary>
    ReturnIsWritten,

    /// <summary>What a lost pod held counts as spent.</summary>
    LostIsUnproven,

    /// <summary>Lines of a segment that is over count on in the windows that are not.</summary>
    SegmentsCountOn,
}

/// <summary>The protocol broke a promise.</summary>
public sealed class BrokenPromiseException(string message) : Exception(message);

/// <summary>
/// The whole protocol in one process: real guardrail accounts, the real rules, two replicas that both may believe to lead, ledgers that are
/// written by compare-and-swap, and a network and clocks that do what they like. Every step is one event; after each the promises are
/// checked.
/// </summary>
internal sealed class BudgetModel(Guard missing)
{
    private const int Agents = 2;
    private static readonly AccountKey Pot = AccountKey.Shared("shop", "team");
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<AccountKey, (BudgetLedgerStatus Status, int Version)> disk = [];
    private readonly Replica[] replicas = [new(), new()];
    private readonly Pod[] pods = [.. Enumerable.Range(0, 4).Select(n => new Pod(n))];
    private readonly List<(Pod Pod, int Process, GrantReport Report)> requests = [];
    private readonly List<(Pod Pod, int Process, GrantReport Report, GrantResponse Answer)> answers = [];
    private readonly Dictionary<AccountKey, Money> caps = Enumerable
        .Range(0, Agents)
        .Select(Agent)
        .Append(Pot)
        .ToDictionary(key => key, _ => new Money(10));
    private readonly Dictionary<AccountKey, Money> highest = Enumerable
        .Range(0, Agents)
        .Select(Agent)
        .Append(Pot)
        .ToDictionary(key => key, _ => new Money(10));
    private DateTimeOffset now = Start;

    private sealed class Replica
    {
        public Dictionary<AccountKey, (BudgetLedgerStatus Status, int Version)> Cache { get; } = [];

        public Dictionary<AccountKey, BudgetLedgerStatus> Written { get; } = [];

        public TimeSpan Skew { get; set; }
    }

    private sealed class Pod(int number)
    {
        public int Number => number;

        public AccountKey Agent => BudgetModel.Agent(number % Agents);

        public HolderPod Holder => new($"pod-{number}", $"uid-{number}");

        public int Process { get; set; }

        public GrantAccount Account { get; set; } = new($"holder-{number}-0");

        public List<Reservation> Open { get; } = [];

        public bool Gone { get; set; }

        /// <summary>What the provider billed, whatever anybody was told.</summary>
        public Money Spent { get; set; }
    }

    private sealed class CrashException : Exception;

    public static int Actions => 16;

    private static AccountKey Agent(int number) => AccountKey.Serving("shop", $"agent-{number}");

    /// <summary>One event. What the numbers mean depends on it.</summary>
    public void Step(int action, int who, int which, int cents)
    {
        var pod = pods[who % pods.Length];
        var replica = replicas[which % replicas.Length];
        var amount = new Money(cents / 100m);
        switch (action)
        {
            case 0 or 1 when !pod.Gone:
                if (pod.Account.TryReserve(amount, now) is { } reservation)
                    pod.Open.Add(reservation);
                else
                    // Now and then others wait behind it, for three times as much.
                    requests.Add(
                        (pod, pod.Process, pod.Account.Want(amount, requests.Count % 3 == 1 ? amount + amount + amount : Amount.Zero))
                    );
                break;
            case 2 when pod.Open.Count > 0:
                var settled = Take(pod.Open, which);
                var actual = new Money(decimal.Round(settled.Amount.Cost.Amount * (cents % 100) / 100m, 6));
                pod.Spent += actual;
                pod.Account.Settle(settled, actual, now);
                break;
            case 3 when pod.Open.Count > 0:
                var lost = Take(pod.Open, which);
                pod.Spent += lost.Amount.Cost;
                pod.Account.MarkUnproven(lost, now);
                break;
            case 4 when !pod.Gone:
                if (pod.Account.Due(now, TimeSpan.Zero, TimeSpan.FromSeconds(10)) is { } due)
                    requests.Add((pod, pod.Process, due));
                break;
            case 5 or 6 or 7 when requests.Count > 0:
                // Sometimes it comes once more, or long after.
                var message = cents % 4 == 0 ? requests[which % requests.Count] : Take(requests, which);
                Receive(replicas[cents % 2], message.Pod, message.Process, message.Report, crash: cents % 7 == 0);
                break;
            case 8 or 9 when answers.Count > 0:
                var answer = cents % 4 == 0 ? answers[which % answers.Count] : Take(answers, which);
                if (answer.Process == answer.Pod.Process && !answer.Pod.Gone)
                    Hear(answer.Pod, answer.Report, answer.Answer);
                break;
            case 10 when requests.Count + answers.Count > 0:
                if (requests.Count > 0)
                    Take(requests, which);
                if (answers.Count > 0)
                    Take(answers, which);
                break;
            case 11 when !pod.Gone:
                if (which % 3 == 0)
                    Vanish(pod, replica);
                else
                    Crash(pod, which % 3 == 1);
                break;
            case 12:
                now += TimeSpan.FromMinutes(cents % 50);
                replica.Skew = TimeSpan.FromMinutes((which % 120) - 60);
                break;
            case 13:
                var key = who % 3 == 0 ? Pot : Agent(who % Agents);
                caps[key] = new Money(cents / 20m);
                highest[key] = Money.Max(highest[key], caps[key]);
                break;
            case 14:
                if (which % 2 == 0)
                    replica.Cache.Clear();
                else
                    ReturnIdle(replica, pod.Agent);
                break;
            case 15 when !pod.Gone:
                pod.Account.ReturnFree(now);
                break;
            default:
                return;
        }
        Check();
    }

    // A process ends: closing whatever is open, or without a word; in both cases the provider may bill what was in flight.
    private void Crash(Pod pod, bool closes)
    {
        foreach (var reservation in pod.Open)
            pod.Spent += reservation.Amount.Cost;
        pod.Open.Clear();
        if (closes)
        {
            pod.Account.Close(now);
            var known = new HashSet<GrantWindow>();
            while (pod.Account.Due(now, TimeSpan.Zero, TimeSpan.FromSeconds(10)) is { } closing && known.Add(closing.Window))
            {
                requests.Add((pod, pod.Process, closing));
                pod.Account.Apply(
                    closing,
                    new GrantResponse
                    {
                        Outcome = GrantOutcome.Granted,
                        Window = closing.Request.Window ?? "",
                        WindowEnds = now,
                    },
                    now
                );
            }
        }
        pod.Process++;
        pod.Account = new GrantAccount($"holder-{pod.Number}-{pod.Process}");
    }

    private void Vanish(Pod pod, Replica replica)
    {
        foreach (var reservation in pod.Open)
            pod.Spent += reservation.Amount.Cost;
        pod.Open.Clear();
        pod.Gone = true;
        // Its token is bound to it: no message of its is taken any more.
        requests.RemoveAll(message => message.Pod == pod);
        Commit(
            replica,
            pod.Agent,
            (account, _) =>
            {
                if (missing == Guard.LostIsUnproven)
                    account = account with
                    {
                        Holders =
                        [
                            .. account.Holders.Select(line =>
                                line.PodUid == pod.Holder.Uid ? line with { Returned = line.Granted - line.Settled - line.Unproven } : line
                            ),
                        ],
                    };
                return new GrantDecision(
                    LedgerRules.CloseLost(account, line => line.PodUid == pod.Holder.Uid),
                    GrantOutcome.Granted,
                    Amount.Zero
                )
                {
                    IsUrgent = true,
                };
            },
            null
        );
    }

    private void Hear(Pod pod, GrantReport report, GrantResponse answer)
    {
        if (answer.Outcome == GrantOutcome.HolderClosed && report.Request.Holder == pod.Account.Holder)
        {
            foreach (var reservation in pod.Open)
                pod.Spent += reservation.Amount.Cost;
            pod.Open.Clear();
            pod.Process++;
            pod.Account.Reopen($"holder-{pod.Number}-{pod.Process}");
            return;
        }
        pod.Account.Apply(report, answer, now);
    }

    private void Receive(Replica replica, Pod pod, int process, GrantReport report, bool crash)
    {
        var request = report.Request;
        if (missing == Guard.InFlightIsUnproven && request.Closing)
            request = new GrantRequest
            {
                Holder = request.Holder,
                Window = request.Window,
                Settled = request.Settled,
                Returned = request.Returned,
                Closing = true,
            };
        try
        {
            var (after, decision) = Commit(
                replica,
                pod.Agent,
                (account, terms) =>
                    LedgerRules.Apply(
                        Tamper(account, request),
                        request,
                        pod.Holder,
                        new GrantHints(new Money(0.5m), request.Also ?? Amount.Zero, Amount.Zero),
                        terms,
                        Now(replica)
                    ),
                request,
                crash
            );
            answers.Add((pod, process, report, Answer(after, decision)));
        }
        catch (CrashException)
        {
            replica.Cache.Clear();
        }
    }

    private static GrantResponse Answer(BudgetLedgerStatus after, GrantDecision decision) =>
        new()
        {
            Outcome = decision.Outcome,
            Window = LedgerLimits.WindowName(after, after.Segment),
            WindowEnds = after.SegmentEnds is { } ends
                ? new DateTimeOffset(DateTime.SpecifyKind(ends, DateTimeKind.Utc))
                : DateTimeOffset.MaxValue,
            Granted = decision.Granted,
        };

    // What a replica does with one message for one account: as LedgerWriter does it, step by step.
    private (BudgetLedgerStatus After, GrantDecision Decision) Commit(
        Replica replica,
        AccountKey key,
        Func<BudgetLedgerStatus, AccountTerms, GrantDecision> change,
        GrantRequest? request,
        bool crash = false
    )
    {
        for (var attempt = 0; ; attempt++)
        {
            if (!replica.Cache.TryGetValue(key, out var cached))
            {
                cached = replica.Cache[key] = disk.GetValueOrDefault(key, (new BudgetLedgerStatus(), 0));
                replica.Written[key] = cached.Status;
            }
            var (read, version) = cached;
            var terms = Terms(key, Now(replica));
            var opened = LedgerLimits.Open(read, terms, Now(replica), key.Account == LedgerAccount.Shared ? "pot" : key.Agent);
            if (missing == Guard.SegmentsCountOn && opened.Segment != read.Segment)
                opened = LedgerLimits.Sum(opened with { Holders = [.. opened.Holders.Where(line => line.Segment == opened.Segment)] });
            opened = request is null ? opened : Join(replica, key, opened, terms);
            var decision = change(opened, terms);
            if (decision.Lacks is not null && LedgerLimits.Current(opened).Any(limit => limit.Shared == true))
            {
                var need = (request!.WantTotal!.Value - decision.Granted).Positive();
                var limit = LedgerLimits.Current(opened).First(limit => limit.Shared == true);
                var lent =
                    missing == Guard.WidestFirst
                        ? new GrantResponse
                        {
                            Outcome = GrantOutcome.Granted,
                            Window = limit.Window,
                            WindowEnds = limit.Ends,
                            Granted = (limit.Granted ?? Amount.Zero) + need,
                        }
                        : Lend(
                            replica,
                            key,
                            decision.Account,
                            LedgerLimits.Current(decision.Account).First(one => one.Shared == true),
                            need,
                            request.Call ?? Amount.Zero
                        );
                opened = Join(replica, key, Borrowing.Take(opened, Pot, limit, lent, Now(replica)), terms);
                decision = change(opened, terms);
            }
            // Here a replica may die: the shared budget has lent, and the account does not know it yet.
            if (crash)
                throw new CrashException();
            var stale = disk.TryGetValue(key, out var there) && there.Version != version;
            if (!decision.IsUrgent && LedgerStore.Same(read, opened) && !stale)
                return ((replica.Cache[key] = (decision.Account, version)).Item1, decision);
            if (stale && missing == Guard.WriteBeforeAnswer)
            {
                replica.Cache.Remove(key);
                return (decision.Account, decision);
            }
            if (stale && missing != Guard.CompareAndSwap)
            {
                replica.Cache.Remove(key);
                if (attempt > 2)
                    throw new CrashException();
                continue;
            }
            disk[key] = replica.Cache[key] = (decision.Account, Math.Max(version, there.Version) + 1);
            replica.Written[key] = decision.Account;
            Tend(replica, key);
            return (decision.Account, decision);
        }
    }

    private BudgetLedgerStatus Join(Replica replica, AccountKey key, BudgetLedgerStatus opened, AccountTerms terms)
    {
        foreach (var shared in terms.Shared.Where(shared => !LedgerLimits.Current(opened).Any(limit => limit.Budget == shared.LedgerName)))
            opened = Borrowing.Take(opened, shared, null, Lend(replica, key, opened, null, Amount.Zero, Amount.Zero), Now(replica));
        return opened;
    }

    private GrantResponse Lend(Replica replica, AccountKey key, BudgetLedgerStatus account, LedgerLimit? limit, Amount? need, Amount? call)
    {
        var written = replica.Written.GetValueOrDefault(key, new BudgetLedgerStatus());
        var request = Borrowing.Request(account, limit, written, need, call);
        var (after, decision) = Commit(
            replica,
            Pot,
            (pot, terms) =>
                LedgerRules.Apply(
                    Tamper(pot, request),
                    request,
                    new HolderPod(key.LedgerName, request.Holder),
                    new GrantHints(new Money(1), Amount.Zero, Amount.Zero),
                    terms,
                    Now(replica)
                ),
            request
        );
        return Answer(after, decision);
    }

    // What is over is closed at the shared budget.
    private void Tend(Replica replica, AccountKey key)
    {
        if (key.Account == LedgerAccount.Shared)
            return;
        foreach (var limit in disk[key].Status.Limits.Where(limit => Borrowing.IsDone(disk[key].Status, limit)).ToList())
        {
            Lend(replica, key, disk[key].Status, limit, null, null);
            var (status, version) = disk[key];
            disk[key] = replica.Cache[key] = (replica.Written[key] = Borrowing.Unlist(status, limit), version + 1);
        }
    }

    private void ReturnIdle(Replica replica, AccountKey key)
    {
        try
        {
            var (after, _) = Commit(
                replica,
                key,
                (account, _) =>
                    new GrantDecision(
                        missing == Guard.ReturnIsWritten ? account : Borrowing.ReturnIdle(account),
                        GrantOutcome.Granted,
                        Amount.Zero
                    )
                    {
                        IsUrgent = true,
                    },
                null
            );
            if (missing == Guard.ReturnIsWritten)
                replica.Written[key] = after = Borrowing.ReturnIdle(after);
            foreach (var limit in LedgerLimits.Current(after).Where(limit => limit.Shared == true).ToList())
                Lend(replica, key, after, limit, null, null);
        }
        catch (CrashException)
        {
            replica.Cache.Clear();
        }
    }

    // Without the guard, what a message says is believed, however old it is.
    private BudgetLedgerStatus Tamper(BudgetLedgerStatus account, GrantRequest request) =>
        missing != Guard.TotalsGrow
            ? account
            : account with
            {
                Holders =
                [
                    .. account.Holders.Select(line =>
                        line.Id == request.Holder && line.Closed != true
                            ? line with
                            {
                                Settled = request.Settled,
                                Unproven = request.Unproven,
                                Returned = request.Returned,
                            }
                            : line
                    ),
                ],
            };

    private AccountTerms Terms(AccountKey key, DateTimeOffset at) =>
        new()
        {
            Limits =
            [
                BudgetWindows.Of(BudgetPeriod.Total, at) with
                {
                    MaxCost = caps[key],
                },
                BudgetWindows.Of(BudgetPeriod.Hour, at) with
                {
                    MaxCost = new Money(6),
                },
            ],
            Shared = key.Account == LedgerAccount.Shared ? [] : [Pot],
        };

    private DateTimeOffset Now(Replica replica) => now + replica.Skew;

    private static T Take<T>(List<T> list, int which)
    {
        var taken = list[which % list.Count];
        list.RemoveAt(which % list.Count);
        return taken;
    }

    // What a broken promise is told with.
    private string Describe() =>
        string.Join(
            '\n',
            disk.Select(entry =>
                $"   {entry.Key.LedgerName} v{entry.Value.Version} seg {entry.Value.Status.Segment} limits "
                + string.Join(
                    " | ",
                    entry.Value.Status.Limits.Select(l =>
                        $"{l.Budget}/{l.Window} {l.First}-{l.Last} g{l.Granted} r{l.Returned} s{l.Settled} u{l.Unproven} o{l.Outstanding}"
                    )
                )
                + " holders "
                + string.Join(
                    " | ",
                    entry.Value.Status.Holders.Select(h =>
                        $"{h.Id}@{h.Segment} g{h.Granted} s{h.Settled} u{h.Unproven} r{h.Returned} {h.Closed}"
                    )
                )
            )
        )
        + "\n   pods "
        + string.Join(
            " | ",
            pods.Select(p => $"{p.Number}.{p.Process} gone={p.Gone} spent {p.Spent} totals {p.Account.Totals} open {p.Open.Count}")
        )
        + $"\n   now {now:HH:mm} req {requests.Count} ans {answers.Count}";

    private void Check()
    {
        foreach (var key in caps.Keys.Where(disk.ContainsKey))
        {
            var limit = disk[key].Status.Limits.First(limit => limit is { Budget: "total", Last: null });
            var held = (LedgerLimits.Spent(limit) + limit.Outstanding).Cost;
            var mine = pods.Where(pod => key == Pot || pod.Agent == key).ToList();
            var spent = Money.Sum(mine.Select(pod => pod.Spent));
            var mayStill = Money.Sum(
                mine.Where(pod => !pod.Gone)
                    .Select(pod =>
                        (pod.Account.Totals.Free.Cost > Money.Zero ? pod.Account.Totals.Free.Cost : Money.Zero)
                        + Money.Sum(pod.Open.Select(open => open.Amount.Cost))
                    )
            );
            if (held > highest[key])
                throw new BrokenPromiseException(
                    $"{key.LedgerName}: settled + unproven + outstanding {held} are more than the cap {highest[key]}\n{Describe()}"
                );
            if (spent + mayStill > held)
                throw new BrokenPromiseException(
                    $"{key.LedgerName}: {spent} are spent and {mayStill} may be, the ledger knows of {held}\n{Describe()}"
                );
            // No call of the model costs more than its reservation, so no line may count more than it was granted.
            if (
                disk[key].Status.Holders.FirstOrDefault(line => !(line.Settled + line.Unproven + line.Returned).FitsIn(line.Granted)) is
                { } twice
            )
                throw new BrokenPromiseException(
                    $"{key.LedgerName}: {twice.Id} was granted {twice.Granted} and counts "
                        + $"{twice.Settled + twice.Unproven + twice.Returned}\n{Describe()}"
                );
            foreach (var hour in disk[key].Status.Limits.Where(one => one.Budget == "hour"))
            {
                if ((LedgerLimits.Spent(hour) + hour.Outstanding).Cost > new Money(6))
                    throw new BrokenPromiseException(
                        $"{key.LedgerName}: {hour.Window} holds {LedgerLimits.Spent(hour) + hour.Outstanding}, the cap is 6\n{Describe()}"
                    );
            }
        }
    }
}
