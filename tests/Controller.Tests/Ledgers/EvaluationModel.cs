using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Two agents whose revisions come and go, their evaluations, judges and serving pods, under one ceiling with a share for evaluations. The
/// ledgers are the operator's own, from what is declared to what is written; what pods really spent is counted here, beside them.
/// </summary>
internal sealed class EvaluationModel : IAsyncDisposable
{
    /// <summary>How many kinds of steps there are.</summary>
    public const int Actions = 12;

    private static readonly AccountKey Ceiling = AccountKey.Shared("ops", "all");
    private static readonly AccountKey Share = AccountKey.SharedEvals("ops", "all");

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
    private readonly ObjectCache<AgentDeployment> agents = Caches.Of<AgentDeployment>();
    private readonly ObjectCache<AgentBudget> budgets = Caches.Of<AgentBudget>();
    private readonly ObjectCache<BudgetLedger> ledgers = Caches.Of<BudgetLedger>();
    private readonly Person[] people = [new("support"), new("sales")];
    private readonly Dictionary<AccountKey, Pod> pods = [];
    private readonly LedgerServer server;
    private readonly AccountDeclarations declarations;

    // What was spent of a lender's window, and the highest cap that was declared while the window was open.
    private readonly Dictionary<(AccountKey Lender, DateTime Day), (Money Spent, Money Cap)> truth = [];
    private CancellationTokenSource term = new();
    private LedgerRegistry registry = null!;
    private Task leading = Task.CompletedTask;
    private int versions;
    private int percent = 20;
    private decimal cap = 40;

    public EvaluationModel()
    {
        server = new LedgerServer(time) { Written = ledgers.Upsert };
        declarations = new AccountDeclarations(
            agents,
            budgets,
            Caches.Of<EvalRun>(),
            Caches.Of<EvalSuite>(
                """
                {"metadata":{"namespace":"shop","name":"golden","uid":"s","resourceVersion":"1"},
                 "spec":{"builtin":{"judge":{"maxCost":"1"}}}}
                """
            ),
            Caches.Options
        );
        Lead();
        Declare();
    }

    /// <summary>How many calls were paid for by evaluations, and how many were refused because a cap was spent.</summary>
    public (int Paid, int Refused) Calls { get; private set; }

    /// <summary>Does one step and checks every promise.</summary>
    public async Task StepAsync(int action, int who, int which, int cents)
    {
        var person = people[who % people.Length];
        var account = Account(person, which);
        switch (action)
        {
            case 0:
                person.Candidate++;
                break;
            case 1:
                person.Serving = person.Candidate;
                break;
            case 2:
                time.Advance(TimeSpan.FromHours(which % 9));
                break;
            case 3:
                (percent, cap) = (1 + (which % 100), 10 + (cents % 50));
                break;
            case 4:
                person.Window = (which % 3) switch
                {
                    0 => null,
                    1 => 2,
                    _ => 5 + (cents % 20),
                };
                break;
            case 5 when pods.Remove(account, out var lost):
                await registry.Writer(account).CloseLostAsync(holder => holder.PodUid == lost.Uid, CancellationToken.None);
                break;
            case 6 when pods.Remove(account, out var closed):
                await SendAsync(account, closed, null, closing: true);
                break;
            case 7:
                await term.CancelAsync();
                await leading;
                Lead();
                break;
            case 8:
                await CollectAsync(person);
                break;
            default:
                await SpendAsync(account, new Money(cents / 100m));
                break;
        }
        Declare();
        foreach (var lender in new[] { Ceiling, Share }.Concat(people.Select(one => AccountKey.AgentEvals("shop", one.Name))))
            Check(lender);
    }

    public async ValueTask DisposeAsync()
    {
        await term.CancelAsync();
        await leading;
        term.Dispose();
        server.Dispose();
    }

    private static AccountKey Account(Person person, int which)
    {
        var revision = new Revision($"r{Math.Max(0, person.Candidate - (which % 7 == 0 ? 2 : 0))}");
        return (which % 4) switch
        {
            0 => AccountKey.Serving("shop", person.Name),
            1 => AccountKey.Judge("shop", person.Name, revision),
            _ => AccountKey.Evals("shop", person.Name, revision),
        };
    }

    private void Lead()
    {
        term = new CancellationTokenSource();
        registry = new LedgerRegistry(declarations, ledgers, server.Api(), Caches.Options, time, NullLogger<LedgerRegistry>.Instance);
        leading = registry.RunAsync(term.Token);
    }

    // What is declared now; and of each window that is open the highest cap so far.
    private void Declare()
    {
        Caches.Put(
            budgets,
            $$$"""
            {"metadata":{"namespace":"ops","name":"all","uid":"c","resourceVersion":"{{{++versions}}}"},
             "spec":{"namespaces":["shop"],"evaluations":{"maxPercent":{{{percent}}}},"windows":[{"period":"Day","maxCost":"{{{cap}}}"}]}}
            """
        );
        Allow(Ceiling, cap);
        Allow(Share, cap * percent / 100);
        foreach (var person in people)
        {
            var budget = person.Window is { } window ? $$$"""{"windows":[{"period":"Day","maxCost":"{{{window}}}"}]}""" : "{}";
            Caches.Put(
                agents,
                $$$"""
                {"metadata":{"namespace":"shop","name":"{{{person.Name}}}","uid":"u","resourceVersion":"{{{++versions}}}"},
                 "spec":{"evals":[{"suite":{"name":"golden"},"minScore":"0.9","maxCost":"3"}],"budget":{{{budget}}}},
                 "status":{"candidateRevision":"r{{{person.Candidate}}}","servingRevision":"r{{{person.Serving}}}"}}
                """
            );
            // One evaluation is 3 of the candidate and 1 of its judge.
            Allow(AccountKey.AgentEvals("shop", person.Name), person.Window is { } own ? Math.Max(own, 4) : 40);
        }
    }

    private void Allow(AccountKey lender, decimal most)
    {
        var key = (lender, time.GetUtcNow().Date);
        var (spent, before) = truth.GetValueOrDefault(key);
        truth[key] = (spent, Money.Max(before, new Money(most)));
    }

    private async Task SpendAsync(AccountKey account, Money call)
    {
        if (!pods.TryGetValue(account, out var pod))
            pods[account] = pod = new Pod($"{++versions:x16}");
        var before = pod.Granted;
        var answer = await SendAsync(account, pod, call, closing: false);
        if (answer.Outcome == GrantOutcome.WindowOver)
        {
            await SendAsync(account, pod, null, closing: true);
            pods[account] = pod = new Pod(pod.Uid);
            before = Money.Zero;
            answer = await SendAsync(account, pod, call, closing: false);
        }
        var isEvaluation = account.Account != LedgerAccount.Serving;
        if (isEvaluation && answer.Outcome == GrantOutcome.Exhausted)
            Calls = (Calls.Paid, Calls.Refused + 1);
        if (isEvaluation && pod.Granted > before && !IsDeclared(account))
            throw new BrokenPromiseException($"{account.LedgerName} is neither the candidate nor what serves, and got money");
        if (answer.Outcome != GrantOutcome.Granted || pod.Granted < pod.Settled + call)
            return;
        pod.Settled += call;
        Calls = isEvaluation ? (Calls.Paid + 1, Calls.Refused) : Calls;
        Spend(Ceiling, call);
        if (isEvaluation)
        {
            Spend(Share, call);
            Spend(AccountKey.AgentEvals("shop", account.Agent), call);
        }
    }

    private bool IsDeclared(AccountKey account)
    {
        var person = people.Single(one => one.Name == account.Agent);
        return account.Revision!.Value.Hash == $"r{person.Candidate}" || account.Revision!.Value.Hash == $"r{person.Serving}";
    }

    private void Spend(AccountKey lender, Money call)
    {
        var key = (lender, time.GetUtcNow().Date);
        truth[key] = truth[key] with { Spent = truth[key].Spent + call };
    }

    private async Task<GrantResponse> SendAsync(AccountKey account, Pod pod, Money? call, bool closing)
    {
        var answer = await registry.GrantAsync(
            account,
            new GrantRequest
            {
                Holder = pod.Holder,
                Window = pod.Window,
                Settled = pod.Settled,
                WantTotal = call is { } more ? pod.Settled + more : null,
                Call = call is { } one ? one : null,
                Closing = closing,
            },
            new HolderPod("pod", pod.Uid),
            CancellationToken.None
        );
        if (answer.Outcome != GrantOutcome.WindowOver)
        {
            pod.Granted = Money.Max(pod.Granted, answer.Granted.Cost);
            pod.Window ??= answer.Granted.IsZero ? null : answer.Window;
        }
        return answer;
    }

    // The records of old evaluations go, and with them the ledgers of their accounts; the agent itself may go and come back.
    private async Task CollectAsync(Person person)
    {
        foreach (var ledger in ledgers.List().Where(ledger => ledger.View.Spec.Agent == person.Name))
        {
            var account = AccountKey.Of(ledger.View.Spec);
            await registry.RefreshAsync(account, CancellationToken.None);
            if (ledgers.Get(ledger.Key) is not { } now || !LedgerCollector.IsFinished(now.View, false, time.GetUtcNow().UtcDateTime))
                continue;
            registry.Close(account);
            server.Remove(ledger.Key.Name);
            ledgers.Replace(ledgers.List().Where(one => one.Key != ledger.Key).Select(one => Caches.Json(one.View)).ToList());
        }
    }

    private void Check(AccountKey lender)
    {
        var day = time.GetUtcNow().Date;
        foreach (var ((who, when), (spent, most)) in truth)
        {
            if (who == lender && spent > most)
                throw new BrokenPromiseException($"{lender.LedgerName} on {when:yyyy-MM-dd}: ${spent} was spent of ${most}");
        }
        if (ledgers.Get(new NamespacedName("ops", lender.LedgerName))?.View.Status is not { } status)
            return;
        foreach (var limit in LedgerLimits.Current(status).Where(limit => limit.Window == $"{day:yyyy-MM-dd}"))
        {
            var held = limit.Settled + limit.Unproven + limit.Outstanding;
            if (!(held.Cost <= truth[(lender, day)].Cap))
                throw new BrokenPromiseException($"{lender.LedgerName}: {held} of ${truth[(lender, day)].Cap} is spent or held");
        }
    }

    private sealed class Person(string name)
    {
        public string Name => name;

        public int Candidate { get; set; } = 1;

        public int Serving { get; set; }

        public decimal? Window { get; set; }
    }

    private sealed class Pod(string uid)
    {
        public string Uid => uid;

        public string Holder => uid;

        public string? Window { get; set; }

        public Money Settled { get; set; }

        public Money Granted { get; set; }
    }
}
