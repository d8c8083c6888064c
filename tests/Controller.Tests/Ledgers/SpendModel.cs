using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using Microsoft.AspNetCore.Http;

namespace AgentReadiness.Controller.Tests;

/// <summary>A guard of the spend's protocol that a test takes out.</summary>
public enum SpendGuard
{
    /// <summary>None.</summary>
    None,

    /// <summary>Only what is on disk is acknowledged.</summary>
    AcknowledgeWritten,

    /// <summary>A batch is added once.</summary>
    AddOnce,

    /// <summary>A closing report carries what no other message can carry any more.</summary>
    CloseWithTheRest,
}

/// <summary>
/// How spend reaches the ledger, told apart: real guardrail accounts, the real rules, two replicas that both may believe to lead and keep
/// mere reports in memory, writes that fail, and a network that loses, repeats and reorders.
/// </summary>
internal sealed class SpendModel(SpendGuard missing)
{
    private static readonly string[] Customers = ["acme", "initech", "hooli", Attribution.None];
    private static readonly TagNames Names = new(["customer"]);
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly Replica[] replicas = [new(), new()];
    private readonly Pod[] pods = [new(0), new(1), new(2)];
    private readonly List<(Pod Pod, GrantReport Report)> requests = [];
    private readonly List<(Pod Pod, GrantReport Report, GrantResponse Answer)> answers = [];
    private readonly Dictionary<string, (Money Cost, long Calls)> booked = Customers.ToDictionary(
        customer => customer,
        _ => (Money.Zero, 0L)
    );
    private (BudgetLedgerStatus Status, int Version) disk = (new(), 0);
    private DateTimeOffset now = Start;
    private int runs;

    // Runs that ended where their pod held money of the window: it tells of these for certain. The others come with the first call after
    // them, if one comes.
    private int funded;
    private int rolls;

    private sealed class Replica
    {
        public BudgetLedgerStatus? Booked { get; set; }

        public (BudgetLedgerStatus Status, int Version) Written { get; set; }
    }

    private sealed class Pod(int number)
    {
        public HolderPod Holder => new($"pod-{number}", $"uid-{number}");

        public GrantAccount Account { get; } = new($"holder-{number}");

        public List<Reservation> Open { get; } = [];

        /// <summary>The exchange that it waits for: the answer to one that it has given up is heard by nobody.</summary>
        public GrantReport? Waits { get; set; }
    }

    public static int Actions => 14;

    /// <summary>One event.</summary>
    public void Step(int action, int who, int which, int cents)
    {
        var pod = pods[who % pods.Length];
        var replica = replicas[which % replicas.Length];
        switch (action)
        {
            case 0 or 1:
                Reserve(pod, new Money(cents / 100m));
                break;
            case 2 or 3 when pod.Open.Count > 0:
                Book(pod, which, cents);
                break;
            case 4 or 5 when pod.Account.Due(now, TimeSpan.Zero, TimeSpan.FromSeconds(10)) is { } due:
                Send(pod, due);
                break;
            case 6 or 7 when requests.Count > 0:
                var message = requests[which % requests.Count];
                // Sometimes it comes once more, or long after.
                if (cents % 3 != 0)
                    requests.RemoveAt(which % requests.Count);
                if (Receive(replicas[cents % 2], message.Pod, message.Report, fails: cents % 5 == 0) is { } answer)
                    answers.Add((message.Pod, message.Report, answer));
                break;
            case 8 or 9 when answers.Count > 0:
                var heard = answers[which % answers.Count];
                if (cents % 3 != 0)
                    answers.RemoveAt(which % answers.Count);
                if (heard.Pod.Waits == heard.Report)
                    heard.Pod.Account.Apply(heard.Report, heard.Answer, now);
                break;
            case 10 when requests.Count > 0:
                requests.RemoveAt(which % requests.Count);
                break;
            case 11:
                // A replica that is deposed or fails to write loses what it had in memory.
                if (cents % 2 == 0 || !Flush(replica))
                    replica.Booked = null;
                break;
            case 12:
                now += TimeSpan.FromSeconds(cents);
                funded += pod.Account.Totals.Granted.IsZero ? 0 : 1;
                pod.Account.RunEnded($"run-{++runs}", new Money(cents / 100m));
                break;
            case 13 when rolls < 6 && cents % 4 == 0:
                rolls++;
                now += TimeSpan.FromHours(1);
                break;
            default:
                break;
        }
    }

    /// <summary>All calls end, and what is to be told gets through; then the ledger must have exactly what was booked.</summary>
    public void Settle()
    {
        foreach (var pod in pods)
        {
            while (pod.Open.Count > 0)
                Book(pod, 0, 50);
            now += TimeSpan.FromSeconds(30);
            for (var round = 0; round < 200; round++)
            {
                now += TimeSpan.FromSeconds(11);
                if (pod.Account.Due(now, TimeSpan.Zero, TimeSpan.FromSeconds(10)) is not { } due)
                    break;
                pod.Account.Apply(due, Receive(replicas[0], pod, due, fails: false)!, now);
                if (!Flush(replicas[0]))
                    replicas[0].Booked = null;
            }
        }
        Check();
    }

    private void Check()
    {
        if (booked.Values.All(sum => sum.Calls == 0))
            return;
        var total = disk.Status.Limits.First(limit => limit is { Budget: "total", Last: null });
        var told = (total.Spend?.By.FirstOrDefault(dimension => dimension.Name == "customer")?.Values ?? []).ToDictionary(
            value => value.Value,
            value => (value.Cost, value.Calls)
        );
        foreach (var (customer, sum) in booked)
        {
            if (told.GetValueOrDefault(customer) is var found && found != sum)
                throw new BrokenPromiseException(
                    $"{customer} spent {sum.Cost} in {sum.Calls} calls, the ledger has {found.Cost} in {found.Calls}"
                );
        }
        foreach (var dimension in total.Spend!.By)
        {
            if (Money.Sum(dimension.Values.Select(value => value.Cost)) != (total.Settled + total.Unproven).Cost)
                throw new BrokenPromiseException(
                    $"{dimension.Name}: {Money.Sum(dimension.Values.Select(value => value.Cost))} of {total.Settled} + {total.Unproven}"
                );
        }
        if (CostSketch.TryParse(total.Spend.PerCall)?.Count != booked.Values.Sum(sum => sum.Calls))
            throw new BrokenPromiseException("the sketch of calls misses some or has some twice");
        var counted = CostSketch.TryParse(total.Spend.PerRun)?.Count ?? 0;
        if (counted < funded || counted > runs)
            throw new BrokenPromiseException($"{runs} runs ended, {funded} of them where money was held, and the ledger has {counted}");
    }

    private void Reserve(Pod pod, Money amount)
    {
        if (pod.Account.TryReserve(amount, now) is { } reservation)
            pod.Open.Add(reservation);
        else
            Send(pod, pod.Account.Want(amount));
    }

    private void Send(Pod pod, GrantReport report)
    {
        pod.Waits = report;
        requests.Add((pod, report));
    }

    private void Book(Pod pod, int which, int cents)
    {
        var reservation = pod.Open[which % pod.Open.Count];
        pod.Open.RemoveAt(which % pod.Open.Count);
        var customer = Customers[cents % Customers.Length];
        var tags = Tags.Read(
            Names,
            customer == Attribution.None
                ? new HeaderDictionary()
                : new HeaderDictionary { [AgentHeaders.TagPrefix + "customer"] = customer },
            Tags.Empty
        );
        var labels = new SpendLabels("sample/model", "abc", tags);
        var cost = reservation.Amount.Cost;
        if (cents % 3 == 0)
        {
            pod.Account.MarkUnproven(reservation, now, labels);
        }
        else
        {
            cost = new Money(decimal.Round(cost.Amount * (cents % 100) / 100m, 6));
            pod.Account.Settle(reservation, cost, now, labels);
        }
        booked[customer] = (booked[customer].Cost + cost, booked[customer].Calls + 1);
    }

    // What LedgerWriter does with one message, step by step. Null: no answer.
    private GrantResponse? Receive(Replica replica, Pod pod, GrantReport report, bool fails)
    {
        var request = report.Request;
        if (missing == SpendGuard.CloseWithTheRest && request.Closing)
            request = new GrantRequest
            {
                Holder = request.Holder,
                Window = request.Window,
                Settled = request.Settled,
                Unproven = request.Unproven,
                Returned = request.Returned,
                Closing = true,
                Spend = [.. request.Spend.Take(1)],
            };
        if (SpendBounds.Problem(request.Spend) is { } problem)
            throw new BrokenPromiseException(problem);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var isNew = replica.Booked is null;
            if (isNew)
                replica.Written = disk;
            var before = replica.Booked ?? disk.Status;
            var terms = Terms();
            var opened = LedgerLimits.Open(before, terms, now, "led");
            if (missing == SpendGuard.AddOnce)
                opened = opened with { Holders = [.. opened.Holders.Select(line => line with { Noted = null })] };
            var decision = LedgerRules.Apply(
                opened,
                request,
                pod.Holder,
                new GrantHints(new Money(0.5m), Amount.Zero, Amount.Zero),
                terms,
                now
            );
            if (decision.IsUrgent || isNew || !LedgerStore.Same(before, opened))
            {
                if (fails)
                {
                    replica.Booked = null;
                    return null;
                }
                replica.Booked = decision.Account;
                if (!Flush(replica))
                {
                    replica.Booked = null;
                    continue;
                }
            }
            replica.Booked = decision.Account;
            var acknowledged = missing == SpendGuard.AcknowledgeWritten ? decision.Account : replica.Written.Status;
            return new GrantResponse
            {
                Outcome = decision.Outcome,
                Window = LedgerLimits.WindowName(decision.Account, decision.Account.Segment),
                WindowEnds = new DateTimeOffset(DateTime.SpecifyKind(decision.Account.SegmentEnds!.Value, DateTimeKind.Utc)),
                Granted = decision.Granted,
                Noted = SpendBook.Noted(
                    acknowledged,
                    request.Holder,
                    request.Window ?? LedgerLimits.WindowName(decision.Account, decision.Account.Segment)
                ),
            };
        }
        return null;
    }

    // Writes what is in memory, by compare-and-swap.
    private bool Flush(Replica replica)
    {
        if (replica.Booked is not { } after)
            return true;
        if (replica.Written.Version != disk.Version)
            return false;
        disk = replica.Written = (after, disk.Version + 1);
        return true;
    }

    private AccountTerms Terms() =>
        new()
        {
            Limits =
            [
                BudgetWindows.Of(BudgetPeriod.Total, now) with
                {
                    MaxCost = new Money(10_000),
                },
                BudgetWindows.Of(BudgetPeriod.Hour, now) with
                {
                    MaxCost = new Money(10_000),
                },
            ],
        };
}
