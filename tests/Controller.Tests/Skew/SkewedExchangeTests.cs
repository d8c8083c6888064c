using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Guardrail.Budget;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// The same, with the ledger's rules and the guardrail's account: whatever one side leaves out, or says beyond, no spend is forgotten and
/// no money appears.
/// </summary>
public sealed class SkewedExchangeTests
{
    private static readonly HolderPod Pod = new("pod", "uid");
    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly AccountTerms Terms = new()
    {
        Limits = [BudgetWindows.Of(BudgetPeriod.Total, DateTimeOffset.UnixEpoch) with { MaxCost = Money.Parse("10") }],
    };

    public static TheoryData<string> RequestFields => Fields("grant-request");

    public static TheoryData<string> AnswerFields => Fields("grant-answer");

    [Theory]
    [MemberData(nameof(RequestFields))]
    public void A_report_without_a_field_forgets_no_spend_and_gets_no_more(string field)
    {
        var whole = WireForm.Of("grant-request").Newest();
        var (before, window) = Granted(whole["holder"]!.GetValue<string>());
        whole["window"] = window;
        whole["closing"] = false;
        var full = LedgerRules.Apply(before, Request(whole), Pod, default, Terms, Noon);
        foreach (var start in (BudgetLedgerStatus[])[before, full.Account])
        {
            var older = (JsonObject)whole.DeepClone();
            older.Remove(field);
            GrantDecision after;
            try
            {
                after = LedgerRules.Apply(start, Request(older), Pod, default, Terms, Noon);
            }
            catch (JsonException) when (field == "holder")
            {
                return;
            }
            var (was, limit) = (Only(start), Only(after.Account));
            LedgerLimits.Spent(was).FitsIn(LedgerLimits.Spent(limit)).ShouldBeTrue($"without {field} the spend fell");
            (LedgerLimits.Spent(limit).Cost + limit.Outstanding.Cost).Amount.ShouldBeLessThanOrEqualTo(10);
            after.Granted.FitsIn(full.Granted).ShouldBeTrue($"without {field} more was granted: {after.Granted}");
        }
    }

    [Fact]
    public void A_report_with_fields_of_a_newer_guardrail_is_booked_as_one_without_them()
    {
        var request = WireForm.Of("grant-request").Newest();
        var (before, window) = Granted(request["holder"]!.GetValue<string>());
        request["window"] = window;
        request["closing"] = false;
        SpendBounds.Problem(Request(request).Spend).ShouldBeNull();
        var plain = LedgerRules.Apply(before, Request(request), Pod, default, Terms, Noon);
        foreach (var fields in WireForm.Objects(request).ToList())
            SkewTests.AddUnknown(fields, first: true);
        var newer = LedgerRules.Apply(before, Request(request), Pod, default, Terms, Noon);
        (newer.Outcome, newer.Granted).ShouldBe((plain.Outcome, plain.Granted));
        KubernetesJson.Serialize(newer.Account).ShouldBe(KubernetesJson.Serialize(plain.Account));
        LedgerLimits.Spent(Only(newer.Account)).ShouldBe(new Amount(new Money(1.75m), 1500));
    }

    [Theory]
    [MemberData(nameof(AnswerFields))]
    public void An_answer_without_a_field_gives_no_more_than_the_whole_one(string field)
    {
        var whole = WireForm.Of("grant-answer").Newest();
        var older = (JsonObject)whole.DeepClone();
        older.Remove(field);
        var (all, some) = (new GrantAccount(GrantClient.NewHolder()), new GrantAccount(GrantClient.NewHolder()));
        all.Apply(all.Want(new Money(1)), Answer(whole), Noon);
        all.Totals.Free.ShouldBe(new Amount(new Money(2.75m), 2100));
        try
        {
            some.Apply(some.Want(new Money(1)), Answer(older), Noon);
        }
        catch (JsonException) when (field is "outcome" or "window" or "windowEnds")
        {
            some.Totals.Free.ShouldBe(Amount.Zero);
            return;
        }
        some.Unlimited.ShouldBeFalse();
        some.Totals.Free.FitsIn(all.Totals.Free).ShouldBeTrue();
        if (field == "granted")
            some.TryReserve(new Money(0.01m), Noon).ShouldBeNull();
    }

    [Fact]
    public void What_was_refused_stays_refused_where_an_answer_says_nothing_of_it()
    {
        var list = new OverrunList();
        var report = Request(WireForm.Of("grant-request").Newest()).Overruns.ShouldHaveSingleItem();
        list.Add(report);
        var answer = WireForm.Of("grant-answer").Newest();
        answer.Remove("refused");
        list.Take(list.Own, Answer(answer).Refused);
        list.Why(report.Rule).ShouldBe(report.Why);
        list.Own.ShouldHaveSingleItem();
        answer["refused"] = new JsonArray();
        list.Take(list.Own, Answer(answer).Refused);
        list.Why(report.Rule).ShouldBeNull();
    }

    private static TheoryData<string> Fields(string name) => [.. WireForm.Of(name).Newest().Select(field => field.Key)];

    private static LedgerLimit Only(BudgetLedgerStatus account) => LedgerLimits.Current(account).ShouldHaveSingleItem();

    // The holder has what the released report says that it was granted at least.
    private static (BudgetLedgerStatus Account, string Window) Granted(string holder)
    {
        var account = LedgerLimits.Open(new BudgetLedgerStatus(), Terms, Noon, "0123456789abcdef");
        var want = new Amount(new Money(2.5m), 2000);
        var first = new GrantRequest
        {
            Holder = holder,
            WantTotal = want,
            Call = want,
        };
        var decision = LedgerRules.Apply(account, first, Pod, default, Terms, Noon);
        decision.Granted.ShouldBe(want);
        return (decision.Account, LedgerLimits.WindowName(decision.Account, decision.Account.Segment));
    }

    private static GrantRequest Request(JsonObject json) =>
        JsonSerializer.Deserialize(json.ToJsonString(), ContractsJson.Default.GrantRequest)!;

    private static GrantResponse Answer(JsonObject json) =>
        JsonSerializer.Deserialize(json.ToJsonString(), ContractsJson.Default.GrantResponse)!;
}
