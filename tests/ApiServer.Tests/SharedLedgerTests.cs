using System.Collections.Concurrent;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>Agents on one shared budget, each ledger an object of a real API server.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class SharedLedgerTests(ControlPlane plane)
{
    private static readonly AccountKey Pot = AccountKey.Shared("shop", "team");
    private static readonly Money Cap = Money.Parse("10");

    // A hang must end in a failure that says where.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Agents_of_two_leaders_spend_a_shared_budget_to_its_end_and_not_beyond()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        Leader[] leaders = [new(plane, ns, stop.Token), new(plane, ns, stop.Token)];

        var pods = await Task.WhenAll(
            Enumerable
                .Range(0, 12)
                .Select(async n =>
                {
                    var pod = new Spender($"pod-{n:00}", AccountKey.Serving("shop", $"agent-{n % 3}"));
                    for (var call = 0; call < 80 && !pod.IsRefused; call++)
                        await pod.SpendAsync(leaders[(n + (call / 10)) % 2], new Money(0.05m));
                    return pod;
                })
        );
        var spent = Money.Sum(pods.Select(pod => pod.Spent));
        spent.ShouldBeLessThanOrEqualTo(Cap);
        spent.ShouldBeGreaterThan(Money.Parse("9"), "the test spent next to nothing");

        // One leader is left: what pods close and agents give back is free again, and what was spent is known to the last digit.
        var last = new Leader(plane, ns, stop.Token);
        foreach (var pod in pods)
            await pod.CloseAsync(last);
        // A report that grants nothing is written when it is due; and what one of the leaders was lent and could not write is known only
        // after the next answer.
        using var limit = new CancellationTokenSource(Patience);
        while (!(await ReadAsync(ns, Pot)).Limits.Single().Outstanding.IsZero)
        {
            limit.Token.ThrowIfCancellationRequested();
            foreach (var account in pods.Select(pod => pod.Account).Distinct().Append(Pot))
            {
                last.Writer(account).ReturnIdle();
                await last.Writer(account).RefreshAsync(CancellationToken.None);
            }
        }
        var pot = (await ReadAsync(ns, Pot)).Limits.ShouldHaveSingleItem();
        (pot.Settled.Cost, pot.Unproven.Cost, pot.Outstanding.Cost).ShouldBe((spent, Money.Zero, Money.Zero));
        (await new Spender("late", pods[0].Account).WantAsync(last, Cap - spent + new Money(0.01m))).Outcome.ShouldBe(
            GrantOutcome.Exhausted
        );
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Who_waits_gets_what_another_agent_holds_and_does_not_need()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var leader = new Leader(plane, ns, stop.Token);
        var (rich, poor) = (
            new Spender("rich", AccountKey.Serving("shop", "agent-0")),
            new Spender("poor", AccountKey.Serving("shop", "agent-1"))
        );

        (await rich.WantAsync(leader, new Money(8))).Outcome.ShouldBe(GrantOutcome.Granted);
        (await poor.WantAsync(leader, new Money(3))).Outcome.ShouldBe(GrantOutcome.Held, "others hold it");
        var news = await rich.ReportAsync(leader);
        news.Reclaim.ShouldBeTrue("somebody waits");
        await rich.GiveBackAsync(leader);
        // The agent's ledger gives it back by itself; the next try finds it.
        using var limit = new CancellationTokenSource(Patience);
        GrantResponse answer;
        do
        {
            limit.Token.ThrowIfCancellationRequested();
            answer = await poor.WantAsync(leader, new Money(3));
        } while (answer.Outcome == GrantOutcome.Held);
        answer.Outcome.ShouldBe(GrantOutcome.Granted);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Who_asked_first_is_served_first_however_small_the_calls_of_others_are()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var writer = new Leader(plane, ns, stop.Token, new StoppedClock()).Writer(Pot);
        Task<GrantResponse> AskAsync(string name, decimal call) =>
            writer.GrantAsync(
                new GrantRequest
                {
                    Holder = $"holder-{name}-0000000000",
                    WantTotal = new Money(call),
                    Call = new Money(call),
                },
                new HolderPod(name, $"uid-{name}"),
                Amount.Zero,
                CancellationToken.None
            );

        var window = (await AskAsync("rich", 8)).Window;
        (await AskAsync("large", 5)).Outcome.ShouldBe(GrantOutcome.Held);
        (await AskAsync("small", 1.5m)).Outcome.ShouldBe(GrantOutcome.Held, "2 are free, and 5 are waited for");
        await writer.GrantAsync(
            new GrantRequest
            {
                Holder = "holder-rich-0000000000",
                Window = window,
                Returned = new Money(8),
            },
            new HolderPod("rich", "uid-rich"),
            Amount.Zero,
            CancellationToken.None
        );
        (await AskAsync("large", 5)).Outcome.ShouldBe(GrantOutcome.Granted);
        (await AskAsync("small", 1.5m)).Outcome.ShouldBe(GrantOutcome.Granted);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task A_join_that_never_reached_the_agents_ledger_strands_nothing()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var agent = AccountKey.Serving("shop", "agent-0");
        var leader = new Leader(plane, ns, stop.Token);
        await leader.Writer(agent).RefreshAsync(CancellationToken.None);
        var id = (await ReadAsync(ns, agent)).Id;
        // The shared budget lent, and the leader died before the agent's ledger had it: in a segment that has gone by since.
        await leader
            .Writer(Pot)
            .GrantAsync(
                new GrantRequest
                {
                    Holder = $"{id}-1",
                    WantTotal = new Money(4m),
                    Call = new Money(4m),
                },
                new HolderPod(agent.LedgerName, $"{id}-1"),
                Amount.Zero,
                CancellationToken.None
            );
        (await ReadAsync(ns, Pot)).Limits.Single().Outstanding.Cost.ShouldBe(new Money(4));

        var row = (await ReadAsync(ns, Pot)).Holders.Single();
        await leader.Writer(agent).ForgetJoinAsync(Pot, row, CancellationToken.None);
        await leader.Writer(agent).RefreshAsync(CancellationToken.None);

        (await ReadAsync(ns, Pot))
            .Limits.Single()
            .ShouldSatisfyAllConditions(pot => pot.Outstanding.IsZero.ShouldBeTrue(), pot => pot.Unproven.IsZero.ShouldBeTrue());
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Reports_that_grant_nothing_share_a_write()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var leader = new Leader(plane, ns, stop.Token, new StoppedClock());
        var pod = new Spender("pod", AccountKey.Serving("shop", "agent-0"));
        await pod.WantAsync(leader, new Money(1));
        var before = await VersionAsync(ns, pod.Account);
        for (var i = 0; i < 50; i++)
        {
            pod.Spent += new Money(0.01m);
            await pod.ReportAsync(leader);
        }
        (await VersionAsync(ns, pod.Account)).ShouldBe(before, "a report may wait");
        await pod.CloseAsync(leader);
        (await ReadAsync(ns, pod.Account)).Limits.Single(limit => limit.Shared != true).Settled.Cost.ShouldBe(new Money(0.5m));
        await stop.CancelAsync();
    }

    private async Task<BudgetLedgerStatus> ReadAsync(string ns, AccountKey account) =>
        KubernetesJson.Deserialize<BudgetLedger>((await GetAsync(ns, account)).ToJsonString()).Status!;

    private async Task<string> VersionAsync(string ns, AccountKey account) =>
        (await GetAsync(ns, account))["metadata"]!["resourceVersion"]!.GetValue<string>();

    private async Task<System.Text.Json.Nodes.JsonObject> GetAsync(string ns, AccountKey account) =>
        (await plane.Api.GetAsync(ResourceType.Of<BudgetLedger>(), ns, account.LedgerName, CancellationToken.None))!;

    /// <summary>However slow the machine is, nothing becomes due.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    /// <summary>The writers of one leader, or of a process that believes to be it.</summary>
    private sealed class Leader(ControlPlane plane, string ns, CancellationToken cancellationToken, TimeProvider? time = null)
    {
        private readonly ConcurrentDictionary<AccountKey, Lazy<LedgerWriter>> writers = new();
        private readonly KubernetesApi api = new(plane.CreateClient(), "operator");

        public LedgerWriter Writer(AccountKey account) =>
            writers
                .GetOrAdd(
                    account,
                    key => new Lazy<LedgerWriter>(() =>
                    {
                        var day = BudgetWindows.Of(BudgetPeriod.Total, DateTimeOffset.UnixEpoch);
                        var terms =
                            key.Account == LedgerAccount.Shared
                                ? new AccountTerms { Limits = [day with { MaxCost = Cap }] }
                                : new AccountTerms { Limits = [day with { MaxCost = Money.Parse("1000") }], Shared = [Pot] };
                        var options = new OperatorOptions
                        {
                            Namespace = ns,
                            PodName = "operator",
                            PodIp = "127.0.0.1",
                            GuardrailImage = "guardrail:1",
                            EvalRunnerImage = "eval-runner:1",
                            GrantsUrl = "https://grants",
                            GrantsTlsDirectory = "/nowhere",
                        };
                        var writer = new LedgerWriter(
                            key,
                            new LedgerEnvironment(
                                _ => terms,
                                (shared, request, holder, also, cancellation) =>
                                    Writer(shared).GrantAsync(request, holder, also, cancellation),
                                holders => writers.Values.Where(one => holders.Count > 0).ToList().ForEach(one => one.Value.ReturnIdle())
                            ),
                            api,
                            options,
                            time ?? TimeProvider.System,
                            NullLogger.Instance
                        );
                        _ = writer.RunAsync(cancellationToken);
                        return writer;
                    })
                )
                .Value;
    }

    /// <summary>A guardrail that spends what it is granted at once.</summary>
    private sealed class Spender(string name, AccountKey account)
    {
        private readonly string holder = $"holder-{name}-0000000000";
        private string? window;

        public AccountKey Account => account;

        public Amount Granted { get; private set; }

        public Money Spent { get; set; }

        public Amount Returned { get; private set; }

        public bool IsRefused { get; private set; }

        public async Task SpendAsync(Leader leader, Money call)
        {
            try
            {
                if (!(Spent + call <= Granted.Cost - Returned.Cost))
                    IsRefused |= (await WantAsync(leader, call)).Outcome == GrantOutcome.Exhausted;
                if (Spent + call <= Granted.Cost - Returned.Cost)
                    Spent += call;
            }
            catch (LedgerUnavailableException)
            {
                // Lost the race too often: no answer, so nothing that may be spent.
            }
        }

        public Task<GrantResponse> WantAsync(Leader leader, Money call) =>
            SendAsync(
                leader,
                new GrantRequest
                {
                    Holder = holder,
                    Window = window,
                    Settled = Spent,
                    Returned = Returned,
                    WantTotal = Spent + Returned + call,
                    Call = call,
                }
            );

        public Task<GrantResponse> ReportAsync(Leader leader) =>
            SendAsync(
                leader,
                new GrantRequest
                {
                    Holder = holder,
                    Window = window,
                    Settled = Spent,
                    Returned = Returned,
                }
            );

        public Task<GrantResponse> GiveBackAsync(Leader leader)
        {
            Returned = Granted - Spent;
            return ReportAsync(leader);
        }

        public Task CloseAsync(Leader leader) =>
            window is null
                ? Task.CompletedTask
                : SendAsync(
                    leader,
                    new GrantRequest
                    {
                        Holder = holder,
                        Window = window,
                        Settled = Spent,
                        Returned = Returned,
                        Closing = true,
                    }
                );

        private async Task<GrantResponse> SendAsync(Leader leader, GrantRequest request)
        {
            var answer = await leader
                .Writer(account)
                .GrantAsync(request, new HolderPod(name, $"uid-{name}"), Amount.Zero, CancellationToken.None);
            // A window that ends here is the account's joining of the budget: money of the one before is money still.
            if (window is null || answer.Outcome != GrantOutcome.WindowOver)
                Granted = Amount.Max(Granted, answer.Granted);
            window ??= answer.Granted.IsZero ? null : answer.Window;
            return answer;
        }
    }
}
