using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Budgets;
using Shouldly;

namespace AgentReadiness.Controller.Tests;

/// <summary>Some guardrails that spend only what they know to be granted, a network that loses, repeats and delays, and the account.</summary>
internal sealed class LedgerWorld(OpenWindow window)
{
    private readonly Spender[] spenders = [new("pod0"), new("pod1"), new("pod2"), new("pod3")];
    private readonly List<(GrantRequest Request, HolderPod Pod)> late = [];
    private OpenWindow window = window;
    private BudgetLedgerStatus account = LedgerRules.Open(new BudgetLedgerStatus(), window);
    private decimal highestCap = window.Cap!.Value.Amount;

    private sealed class Spender(string pod)
    {
        public string Pod { get; } = pod;

        public int Incarnation { get; set; }

        public bool Gone { get; set; }

        public Money Granted { get; set; }

        public Money Settled { get; set; }

        public Money Returned { get; set; }

        /// <summary>What all processes of this pod really spent, whatever anybody was told.</summary>
        public Money Spent { get; set; }

        public string Holder => $"{Pod}-{Incarnation}";

        public Money Free => Granted - Settled - Returned;

        public void Restart()
        {
            Incarnation++;
            (Granted, Settled, Returned) = (Money.Zero, Money.Zero, Money.Zero);
        }
    }

    public void Do(int action, int who, decimal amount)
    {
        var spender = spenders[who];
        if (spender.Gone)
            return;
        var pod = new HolderPod(spender.Pod, spender.Pod);
        switch (action)
        {
            case 0 or 1: // ask, spend what one is told
                var want = Request(spender) is var report && spender.Granted == Money.Zero && spender.Settled == Money.Zero
                    ? new GrantRequest { Holder = spender.Holder, WantTotal = new Money(amount), Call = new Money(amount) }
                    : With(report, spender.Settled + spender.Returned + new Money(amount), new Money(amount));
                late.Add((want, pod));
                var (outcome, granted) = Send(want, pod);
                if (action == 0 && outcome == GrantOutcome.Granted)
                    spender.Granted = Money.Max(spender.Granted, granted);
                break;
            case 2: // spend
                var spend = Money.Min(spender.Free, new Money(amount));
                spender.Settled += spend;
                spender.Spent += spend;
                break;
            case 3: // give back
                spender.Returned += spender.Free;
                Send(Request(spender), pod);
                break;
            case 4: // crash and come back as a new process; nobody is told
                spender.Restart();
                break;
            case 5: // an old message arrives, once more
                if (late.Count > 0)
                {
                    var (request, sender) = late[(int)(amount * 100) % late.Count];
                    Send(request, sender);
                }
                break;
            case 6: // the pod is gone for good
                spender.Gone = true;
                account = LedgerRules.Lose(account, holder => holder.PodUid == spender.Pod);
                // Its token is bound to it: no message of its is taken any more.
                late.RemoveAll(message => message.Pod.Uid == spender.Pod);
                break;
            default: // somebody edits the cap
                window = window with { Cap = new Money(amount * 10) };
                account = LedgerRules.Open(account, window);
                highestCap = Math.Max(highestCap, amount * 10);
                break;
        }
        Check();
    }

    private static GrantRequest Request(Spender spender) => new()
    {
        Holder = spender.Holder,
        Window = spender.Granted == Money.Zero ? null : "2026-11-22",
        Settled = spender.Settled,
        Returned = spender.Returned,
    };

    private static GrantRequest With(GrantRequest report, Money want, Money call) => new()
    {
        Holder = report.Holder,
        Window = report.Window,
        Settled = report.Settled,
        Returned = report.Returned,
        WantTotal = want,
        Call = call,
    };

    private (GrantOutcome Outcome, Money Granted) Send(GrantRequest request, HolderPod pod)
    {
        var before = account;
        (account, var outcome, var granted) = LedgerRules.Apply(account, request, pod, new Money(0.5m), true);
        if (account.Holders.Sum(holder => holder.Granted.Amount) > before.Holders.Sum(holder => holder.Granted.Amount))
            (Spent(account) + account.Outstanding!.Value.Amount).ShouldBeLessThanOrEqualTo(window.Cap!.Value.Amount, "a grant crossed the cap in force");
        return (outcome, granted);
    }

    private void Check()
    {
        (Spent(account) + account.Outstanding!.Value.Amount).ShouldBeLessThanOrEqualTo(highestCap);
        account.Outstanding!.Value.Amount.ShouldBeGreaterThanOrEqualTo(0);
        var really = spenders.Sum(spender => spender.Spent.Amount);
        (Spent(account) + account.Outstanding!.Value.Amount).ShouldBeGreaterThanOrEqualTo(really, "money was spent that the account neither counts nor holds");
    }

    private static decimal Spent(BudgetLedgerStatus account) => LedgerRules.Spent(account).Amount;
}
