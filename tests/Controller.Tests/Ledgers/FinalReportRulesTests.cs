using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Tests;

public sealed class FinalReportRulesTests
{
    private const string Holder = "holder0123456789";
    private static readonly HolderPod Pod = new("a", "uid-a");
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly AccountTerms Today = new()
    {
        Limits = [BudgetWindows.Of(BudgetPeriod.Total, DateTimeOffset.UnixEpoch) with { MaxCost = Money.Parse("10") }],
    };
    private readonly BudgetLedgerStatus account = LedgerRules
        .Apply(
            LedgerLimits.Open(new BudgetLedgerStatus(), Today, Noon, "0123456789abcdef"),
            new GrantRequest
            {
                Holder = Holder,
                WantTotal = new Money(4),
                Call = new Money(4),
            },
            Pod,
            default,
            Today,
            Noon
        )
        .Account;

    [Fact]
    public void What_a_guardrail_left_is_settled_and_the_rest_is_free()
    {
        var (last, pod) = FinalReportRules.Of(account.Holders, Words(Message())).ShouldHaveSingleItem();

        var after = FinalReportRules.Apply(account, last, pod, Today, Noon).Account;
        var limit = LedgerRules.CloseLost(after, holder => holder.PodUid == Pod.Uid).Limits.ShouldHaveSingleItem();

        (limit.Settled, limit.Unproven, limit.Outstanding).ShouldBe(
            (new Amount(new Money(1), 0), new Amount(new Money(0.5m), 0), Amount.Zero)
        );
    }

    [Fact]
    public void Heard_twice_or_after_its_line_is_gone_it_changes_nothing()
    {
        var (last, pod) = FinalReportRules.Of(account.Holders, Words(Message())).Single();
        var once = FinalReportRules.Apply(account, last, pod, Today, Noon).Account;
        FinalReportRules.Apply(once, last, pod, Today, Noon).Account.ShouldBeSameAs(once);
        var gone = LedgerRules.CloseLost(once, holder => holder.PodUid == Pod.Uid);
        FinalReportRules.Apply(gone, last, pod, Today, Noon).Account.ShouldBeSameAs(gone);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("{\"lastReports\":[")]
    [InlineData("{\"lastReports\":[null]}")]
    [InlineData("{\"lastReports\":[{\"holder\":\"holder0123456789\",\"settled\":\"-1\",\"unproven\":\"0\",\"returned\":\"0\"}]}")]
    [InlineData("{\"lastReports\":[{\"holder\":\"holder0123456789\",\"settled\":1,\"unproven\":\"0\",\"returned\":\"0\"}]}")]
    [InlineData(
        "{\"lastReports\":[{\"holder\":\"holder0123456789\",\"settled\":\"99999999999999\",\"unproven\":\"0\",\"returned\":\"0\"}]}"
    )]
    [InlineData("{\"lastReports\":[{\"holder\":\"holder0123456789\"}]}")]
    [InlineData("{\"lastReports\":[{\"holder\":\"another0123456789\",\"settled\":\"1\",\"unproven\":\"0\",\"returned\":\"0\"}]}")]
    public void Anything_else_is_not_heard(string message) => FinalReportRules.Of(account.Holders, Words(message)).ShouldBeEmpty();

    [Fact]
    public void Of_another_pod_or_too_long_it_is_not_heard()
    {
        FinalReportRules.Of(account.Holders, new Dictionary<string, string> { ["uid-b"] = Message() }).ShouldBeEmpty();
        FinalReportRules.Of(account.Holders, Words(Message() + new string(' ', FinalReports.MaxBytes))).ShouldBeEmpty();
    }

    [Fact]
    public void A_pod_that_is_gone_is_heard_still_and_only_so_many()
    {
        var pods = new ObjectCache<PodView>(PodView.Resource, null, PodView.Of);
        var heard = new FinalReportCollector(pods);
        using (var other = JsonDocument.Parse(PodJson("other", "agent", Message())))
            pods.Upsert(other.RootElement);
        heard.ByPod().ShouldBeEmpty("an agent's own message is not the guardrail's");
        for (var i = 0; i <= FinalReportCollector.Most; i++)
        {
            using var pod = JsonDocument.Parse(PodJson($"pod-{i}", Names.GuardrailContainer, Message()));
            pods.Upsert(pod.RootElement);
            heard.ByPod()[$"uid-pod-{i}"].ShouldBe(Message());
            pods.Delete(pod.RootElement);
        }
        heard.ByPod().Count.ShouldBe(FinalReportCollector.Most);
        heard.ByPod().Keys.ShouldContain("uid-pod-1");
    }

    [Fact]
    public void A_process_that_crashes_again_and_again_can_repeat_its_last_closing_report()
    {
        var ledger = LedgerLimits.Open(new BudgetLedgerStatus(), Today, Noon, "0123456789abcdef");
        for (var i = 10; i < 30; i++)
        {
            var holder = $"holder-{i}-123456789";
            ledger = LedgerRules
                .Apply(
                    ledger,
                    new GrantRequest
                    {
                        Holder = holder,
                        WantTotal = new Money(0.1m),
                        Call = new Money(0.1m),
                    },
                    Pod,
                    default,
                    Today,
                    Noon
                )
                .Account;
            var closing = new GrantRequest
            {
                Holder = holder,
                Window = LedgerLimits.WindowName(ledger, ledger.Segment),
                Settled = new Money(0.1m),
                Closing = true,
            };
            ledger = LedgerRules.Apply(ledger, closing, Pod, default, Today, Noon).Account;
            ledger = LedgerRules.Apply(ledger, closing, Pod, default, Today, Noon).Account;
        }
        var limit = ledger.Limits.ShouldHaveSingleItem();
        (limit.Settled.Cost, limit.Unproven.Cost).ShouldBe((new Money(2), Money.Zero));
    }

    private static string Message() =>
        FinalReports.Write([
            new GrantRequest
            {
                Holder = Holder,
                Window = "0123456789abcdef-1",
                Settled = new Money(1),
                Unproven = new Money(0.5m),
                Closing = true,
            },
        ]);

    private static Dictionary<string, string> Words(string message) => new() { [Pod.Uid] = message };

    private static string PodJson(string name, string container, string message) =>
        $$$"""
            {"metadata": {"namespace": "shop", "name": "{{{name}}}", "uid": "uid-{{{name}}}", "resourceVersion": "1"},
             "status": {"phase": "Running", "containerStatuses": [{"name": "{{{container}}}",
               "state": {"terminated": {"exitCode": 0, "message": {{{JsonSerializer.Serialize(
                message
            )}}} } } }] } }
            """;
}
