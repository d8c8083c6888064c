using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>
/// The ledger on a real API server: what is answered is written first, and two hands at once cannot spend a dollar twice.
/// </summary>
[Collection(ControlPlanes.Parts)]
public sealed class LedgerWriterTests(ControlPlane plane)
{
    private static readonly AccountKey Account = AccountKey.Serving("shop", "support");
    private static readonly Money Cap = Money.Parse("10");
    private static readonly AccountTerms Today = Terms(Cap);

    [Fact]
    public async Task Two_leaders_at_once_never_grant_more_than_the_cap()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        LedgerWriter[] writers = [Writer(ns, stop.Token), Writer(ns, stop.Token)];

        var answered = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(async spender =>
                {
                    var granted = Money.Zero;
                    string? window = null;
                    for (var round = 1; round <= 4; round++)
                    {
                        var request = new GrantRequest
                        {
                            Holder = $"holder-{spender:00000000000}",
                            Window = window,
                            WantTotal = new Money(0.2m * round),
                            Call = new Money(0.2m),
                        };
                        try
                        {
                            var answer = await writers[(spender + round) % 2]
                                .GrantAsync(request, new HolderPod($"pod{spender}", $"uid{spender}"), Amount.Zero, CancellationToken.None);
                            (granted, window) = (Money.Max(granted, answer.Granted.Cost), answer.Window);
                        }
                        catch (LedgerUnavailableException)
                        {
                            // Lost the race too often: no answer, so nothing that may be spent.
                        }
                    }
                    return granted;
                })
        );
        var ledger = await ReadAsync(ns);
        await stop.CancelAsync();

        var sum = Money.Sum(answered);
        sum.ShouldBeLessThanOrEqualTo(Cap);
        sum.ShouldBeGreaterThan(Money.Parse("5"), "the test granted next to nothing");
        Limit(ledger).Outstanding.Cost.ShouldBeGreaterThanOrEqualTo(sum, "a grant was answered that is not in the ledger");
        Limit(ledger).Outstanding.Cost.ShouldBeLessThanOrEqualTo(Cap);
        ledger.Epoch.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_grant_is_written_before_it_is_answered()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var writer = Writer(ns, stop.Token);
        for (var call = 1; call <= 10; call++)
        {
            var answer = await writer.GrantAsync(Want(call), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None);
            (await ReadAsync(ns)).Holders.Single().Granted.Cost.ShouldBeGreaterThanOrEqualTo(answer.Granted.Cost);
        }
        await stop.CancelAsync();
    }

    [Fact]
    public async Task All_that_wait_go_into_one_write()
    {
        const int pods = 600;
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var gate = new Gate();
        var writer = Writer(ns, stop.Token, gate: gate);
        var first = writer.GrantAsync(Want(0), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None);
        await gate.Reached.WaitAsync(TimeSpan.FromSeconds(30));
        var others = Enumerable
            .Range(1, pods)
            .Select(pod =>
                writer.GrantAsync(
                    new GrantRequest
                    {
                        Holder = $"holder-{pod:0000000000}",
                        WantTotal = new Money(0.01m),
                        Call = new Money(0.01m),
                    },
                    new HolderPod($"pod{pod}", $"uid{pod}"),
                    Amount.Zero,
                    CancellationToken.None
                )
            )
            .ToArray();
        gate.Open();
        await first;
        (await Task.WhenAll(others)).ShouldAllBe(answer => answer.Outcome == GrantOutcome.Granted);
        gate.Writes.ShouldBe(2);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Without_an_API_server_there_is_no_answer_and_afterwards_all_is_as_it_was()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var writer = Writer(ns, stop.Token, TimeSpan.FromMilliseconds(1));
        await Should.ThrowAsync<LedgerUnavailableException>(() =>
            writer.GrantAsync(Want(1), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None)
        );

        var next = Writer(ns, stop.Token);
        var answer = await next.GrantAsync(Want(1), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None);

        answer.Outcome.ShouldBe(GrantOutcome.Granted);
        Limit(await ReadAsync(ns)).Outstanding.ShouldBe(answer.Granted);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task What_is_told_of_spend_is_acknowledged_once_it_is_written_and_not_before()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var writer = Writer(ns, stop.Token);
        var pod = new HolderPod("pod", "uid");
        var window = (await writer.GrantAsync(Want(1), pod, Amount.Zero, CancellationToken.None)).Window;
        GrantRequest Told(Amount? want) =>
            new()
            {
                Holder = Want(1).Holder,
                Window = window,
                Settled = new Money(0.1m),
                WantTotal = want,
                Call = want is null ? null : new Money(0.2m),
                Spend =
                [
                    new SpendBatch
                    {
                        Number = 1,
                        By =
                        [
                            new SpendDimension
                            {
                                Name = "customer",
                                Values =
                                [
                                    new SpendValue
                                    {
                                        Value = "acme",
                                        Cost = new Money(0.1m),
                                        Calls = 1,
                                    },
                                ],
                            },
                        ],
                        Runs = [new RunSpend { Id = "4bf92f", Cost = new Money(0.1m) }],
                        PerCall = "max=0.1 -23:1",
                    },
                ],
            };

        // A mere report waits for the next write: it is answered from memory.
        (await writer.GrantAsync(Told(null), pod, Amount.Zero, CancellationToken.None)).Noted.ShouldBe(0);
        Limit(await ReadAsync(ns)).Spend.ShouldBeNull();
        // A grant is written, and with it what waited; the batch that comes again changes nothing.
        (await writer.GrantAsync(Told(new Money(0.6m)), pod, Amount.Zero, CancellationToken.None)).Noted.ShouldBe(1);
        var spend = Limit(await ReadAsync(ns)).Spend!;
        spend
            .By.ShouldHaveSingleItem()
            .Values.ShouldHaveSingleItem()
            .ShouldBe(
                new LedgerValue
                {
                    Value = "acme",
                    Cost = new Money(0.1m),
                    Calls = 1,
                }
            );
        (spend.Runs.ShouldHaveSingleItem().Id, spend.PerCall, spend.PerRun).ShouldBe(("4bf92f", "max=0.1 -23:1", null));
        await stop.CancelAsync();
    }

    [Fact]
    public async Task A_leader_that_is_over_answers_nothing()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var writer = Writer(ns, stop.Token);
        await writer.RefreshAsync(CancellationToken.None);
        await stop.CancelAsync();

        await Should.ThrowAsync<LedgerUnavailableException>(() =>
            writer.GrantAsync(Want(1), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None)
        );
    }

    [Fact]
    public async Task An_overrun_refuses_its_rule_under_the_next_leader_too_until_it_is_acknowledged()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var at = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
        var request = Want(1);
        request.Overruns =
        [
            new OverrunReport
            {
                Rule = "openai/gpt-5.4-mini",
                Model = "gpt-5.4-mini",
                Cost = new Money(2),
                Reserved = new Money(1),
                Why = "it wrote on",
                At = at,
            },
        ];
        (await Writer(ns, stop.Token).GrantAsync(request, new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None))
            .Refused!.Single()
            .Rule.ShouldBe("openai/gpt-5.4-mini");

        var next = await Writer(ns, stop.Token).GrantAsync(Want(1), new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None);
        next.Refused!.Single().Why.ShouldBe("it wrote on");
        (await ReadAsync(ns)).Overruns.Single().At.ShouldBe(at.UtcDateTime);

        var acknowledged = Today with
        {
            Acknowledged =
            [
                new OverrunAcknowledgement
                {
                    Rule = "openai/gpt-5.4-mini",
                    Before = at.AddSeconds(1).UtcDateTime,
                    Reason = "found",
                },
            ],
        };
        (
            await Writer(ns, stop.Token, terms: acknowledged)
                .GrantAsync(request, new HolderPod("pod", "uid"), Amount.Zero, CancellationToken.None)
        ).Refused.ShouldBeEmpty();
        (await ReadAsync(ns)).Overruns.ShouldBeEmpty();
        await stop.CancelAsync();
    }

    private static AccountTerms Terms(Money cap) =>
        new() { Limits = [BudgetWindows.Of(BudgetPeriod.Total, DateTimeOffset.UnixEpoch) with { MaxCost = cap }] };

    private static LedgerLimit Limit(BudgetLedgerStatus ledger) => ledger.Limits.ShouldHaveSingleItem();

    private static GrantRequest Want(int calls) =>
        new()
        {
            Holder = "holder-0123456789",

            WantTotal = new Money(0.2m * calls),
            Call = new Money(0.2m),
        };

    private LedgerWriter Writer(
        string ns,
        CancellationToken cancellationToken,
        TimeSpan? timeout = null,
        AccountTerms? terms = null,
        Gate? gate = null
    )
    {
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
            Account,
            new LedgerEnvironment(_ => terms ?? Today, (_, _, _, _, _) => throw new NotSupportedException(), _ => { }),
            new KubernetesApi(gate is null ? plane.CreateClient() : plane.CreateClient(gate), "operator", timeout),
            options,
            TimeProvider.System,
            NullLogger.Instance
        );
        _ = writer.RunAsync(cancellationToken);
        return writer;
    }

    private async Task<BudgetLedgerStatus> ReadAsync(string ns) =>
        KubernetesJson
            .Deserialize<BudgetLedger>(
                (await plane.Api.GetAsync(ResourceType.Of<BudgetLedger>(), ns, Account.LedgerName, CancellationToken.None))!.ToJsonString()
            )
            .Status!;

    /// <summary>Counts the writes of ledgers, and holds the first one until it is opened.</summary>
    private sealed class Gate : DelegatingHandler
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Writes { get; private set; }

        public Task Reached => reached.Task;

        public void Open() => open.SetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Put)
            {
                Writes++;
                reached.TrySetResult();
                await open.Task;
            }
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
