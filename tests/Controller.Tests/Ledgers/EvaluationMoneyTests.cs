using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Ledgers;
using CsCheck;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>What bounds the evaluations of an agent, however many revisions its author writes.</summary>
public sealed class EvaluationMoneyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<List<(int Action, int Who, int Which, int Cents)>> Histories = Gen.Select(
        Gen.Int[0, EvaluationModel.Actions - 1],
        Gen.Int[0, 1],
        Gen.Int[0, 999],
        Gen.Int[1, 300]
    ).List[30, 200];

    [Fact]
    public async Task Over_any_history_of_revisions_evaluations_stay_within_their_window_and_their_share()
    {
        var (paid, refused) = (0, 0);
        await Histories.SampleAsync(
            async history =>
            {
                await using var model = new EvaluationModel();
                foreach (var (action, who, which, cents) in history)
                    await model.StepAsync(action, who, which, cents);
                Interlocked.Add(ref paid, model.Calls.Paid);
                Interlocked.Add(ref refused, model.Calls.Refused);
            },
            iter: 60
        );
        // A model in which nothing is spent, or no cap is ever reached, shows nothing.
        paid.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(10);
    }

    [Theory]
    [InlineData("", "", "day 40 2026-11-22", "no budget: a day with ten evaluations of 3 and a judge of 1")]
    [InlineData("""{"perRun":{"maxCost":"1"}}""", "", "day 40 2026-11-22", "no window")]
    [InlineData("""{"windows":[{"period":"Day","maxTokens":5}]}""", "", "day 40 2026-11-22", "no window of money")]
    [InlineData("""{"windows":[{"period":"Day","maxCost":"50"}]}""", "", "day 50 2026-11-22", "the agent's own window")]
    [InlineData("""{"windows":[{"period":"Hour","maxCost":"1"}]}""", "", "hour 4 2026-11-22T12", "one evaluation fits")]
    [InlineData(
        """{"windows":[{"period":"Hour","maxCost":"5","onExhausted":"Alert"},{"period":"Month","maxCost":"90"}]}""",
        "",
        "month 90 2026-11",
        "a window that refuses nothing is no bound"
    )]
    [InlineData(
        """{"windows":[{"period":"Day","maxCost":"50","onExhausted":"Alert"}]}""",
        "",
        "day 40 2026-11-22",
        "a window that refuses nothing is no bound, and the default is"
    )]
    [InlineData(
        """
            {"mode":"Observe","windows":[{"period":"Day","maxCost":"50","resume":"Manual"}],
             "writeOffs":[{"period":"Day","window":"2026-11-22","maxCost":"9"}]}
            """,
        "",
        "day 50 2026-11-22",
        "evaluations keep their caps"
    )]
    [InlineData(
        """{"windows":[{"period":"Day","maxCost":"50"}],"raises":[{"period":"Day","maxCost":"80","expiresAt":"2026-11-22T13:00:00Z"}]}""",
        "",
        "day 80 2026-11-22",
        "a raise lifts it too"
    )]
    [InlineData("""{"timeZone":"Mars/Olympus","windows":[{"period":"Day","maxCost":"50"}]}""", "", "", "a spec that is not valid")]
    [InlineData("""{"timeZone":"Mars/Olympus"}""", "", "", "a spec that is not valid")]
    [InlineData("""{"windows":[{"period":"Day","maxCost":"50"}]}""", "spec.budget.windows[1]", "", "a budget that cannot be read")]
    public void The_window_of_all_evaluations_of_an_agent(string budget, string fault, string limits, string why)
    {
        var agent = KubernetesJson.Deserialize<AgentDeployment>(
            $$$"""
            {"metadata":{"namespace":"shop","name":"support"},
             "spec":{"evals":[{"suite":{"name":"golden"},"maxCost":"3"}]{{{(budget.Length == 0 ? "" : ",\"budget\":" + budget)}}}}}
            """
        );
        if (fault.Length > 0)
            agent.Faults = [fault];
        var suite = KubernetesJson.Deserialize<EvalSuite>("""{"spec":{"builtin":{"judge":{}}}}""");
        var declared = new AccountDeclaration { Agent = agent, Suites = [suite] };

        var terms = DeclaredTerms.Of(AccountKey.AgentEvals("shop", "support"), declared, Noon);

        string.Join(' ', terms.Limits.Select(limit => $"{limit.Budget} {limit.MaxCost} {limit.Window}")).ShouldBe(limits, why);
        terms.Limits.ShouldAllBe(limit => !limit.Observe && !limit.Manual && limit.WrittenOff.Count == 0 && limit.MaxTokens == null);
    }

    [Fact]
    public void An_agents_status_is_the_witness_of_the_account_of_its_evaluations()
    {
        var agent = KubernetesJson.Deserialize<AgentDeployment>(
            """
            {"metadata":{"namespace":"shop","name":"support"},"spec":{"evals":[{"suite":{"name":"golden"},"maxCost":"3"}]},
             "status":{"evaluations":[{"budget":"day","period":"Day","window":"2026-11-22","spent":"1","cap":"30","ledger":"abc",
               "ends":"2026-11-23T00:00:00Z","asOf":"2026-11-22T11:00:00Z"}]}}
            """
        );
        var witness = DeclaredTerms.Of(AccountKey.AgentEvals("shop", "support"), new AccountDeclaration { Agent = agent }, Noon).Witness!;
        (witness.Id, witness.Windows["day"]).ShouldBe(("abc", "2026-11-22"));
    }

    [Fact]
    public void The_share_of_a_budget_has_its_windows_and_a_part_of_each_cap()
    {
        var budget = Budget(
            """
            {"evaluations":{"maxPercent":33},"windows":[{"period":"Day","maxCost":"0.000000000002","maxTokens":1000000000000,
              "resume":"Manual","resumedAt":"2026-11-22T11:00:00Z"},{"period":"Month","maxCost":"100","onExhausted":"Alert"}],
             "raises":[{"period":"Day","maxCost":"10","reason":"r","requestedBy":"jo","expiresAt":"2026-11-22T13:00:00Z"}],
             "writeOffs":[{"period":"Day","window":"2026-11-22","maxCost":"5","reason":"r","requestedBy":"jo"}]}
            """
        );
        var share = Terms(budget, Noon);

        share
            .Limits.Select(limit => (limit.Budget, limit.MaxCost?.ToString(), limit.MaxTokens, limit.Observe))
            .ShouldBe([("day", "3.3", 330000000000, false), ("month", "33", null, true)]);
        share.Limits.ShouldAllBe(limit => !limit.Manual && limit.WrittenOff.Count == 0, "both are of the whole budget");
        // Without the raise, a third of so little is rounded down: never more than its part.
        Terms(budget, Noon.AddHours(2)).Limits[0].MaxCost.ShouldBe(Money.Zero);

        budget.Spec.Evaluations = null;
        Terms(budget, Noon).MayGrant.ShouldBeFalse("no share is declared");
        Terms(Budget("""{"evaluations":{"maxPercent":0},"windows":[{"period":"Day","maxCost":"9"}]}"""), Noon).MayGrant.ShouldBeFalse();
    }

    [Fact]
    public void A_share_is_never_more_than_its_part() =>
        Gen.Select(Gen.Int[1, 100], Gen.Decimal[0, 999_999_999], Gen.Long[1, 1_000_000_000_000])
            .Sample(
                (percent, cost, tokens) =>
                {
                    var whole = new Money(decimal.Round(cost, Money.FractionDigits));
                    var limit = Terms(
                        Budget(
                            $$$"""
                            {"evaluations":{"maxPercent":{{{percent}}}},
                             "windows":[{"period":"Day","maxCost":"{{{whole}}}","maxTokens":{{{tokens}}}}]}
                            """
                        ),
                        Noon
                    )
                        .Limits.Single();
                    (limit.MaxCost!.Value.Amount * 100).ShouldBeLessThanOrEqualTo(whole.Amount * percent);
                    (limit.MaxCost!.Value.Amount + 0.000000000001m).ShouldBeGreaterThan(whole.Amount * percent / 100);
                    ((decimal)limit.MaxTokens!.Value * 100).ShouldBeInRange((decimal)tokens * percent - 99, (decimal)tokens * percent);
                }
            );

    [Fact]
    public void The_windows_of_evaluations_outlive_the_agent_and_its_runs()
    {
        bool IsFinished(LedgerAccount account, DateTime ends) =>
            LedgerCollector.IsFinished(
                new BudgetLedger
                {
                    Metadata = new k8s.Models.V1ObjectMeta { CreationTimestamp = Noon.UtcDateTime.AddDays(-9) },
                    Spec = new BudgetLedgerSpec { Account = account },
                    Status = new BudgetLedgerStatus { Limits = [new LedgerLimit { Budget = "day", Ends = ends }] },
                },
                false,
                Noon.UtcDateTime
            );
        foreach (var account in (LedgerAccount[])[LedgerAccount.AgentEvals, LedgerAccount.SharedEvals])
        {
            IsFinished(account, Noon.UtcDateTime.AddHours(1)).ShouldBeFalse($"{account}: a new agent of the name would begin anew");
            IsFinished(account, Noon.UtcDateTime.AddHours(-1)).ShouldBeTrue();
        }
        IsFinished(LedgerAccount.Evals, DateTime.MaxValue).ShouldBeTrue("nobody comes back to it");
    }

    [Theory]
    [InlineData("shop.team.shared", LedgerAccount.Shared, "team")]
    [InlineData("shop.team.of.two.shared", LedgerAccount.Shared, "team.of.two")]
    [InlineData("shop.team.shared-evals", LedgerAccount.SharedEvals, "team")]
    [InlineData("shop.support.evals", LedgerAccount.AgentEvals, "support")]
    public void A_lender_is_found_by_the_name_of_its_ledger(string ledger, LedgerAccount account, string name)
    {
        var key = AccountKey.Lender(ledger);
        key.ShouldBe(new AccountKey("shop", name, account, null));
        key!.LedgerName.ShouldBe(ledger);
        key.Lends.ShouldBeTrue();
    }

    [Fact]
    public void No_other_name_is_that_of_a_lender()
    {
        foreach (
            var name in (string[])["", ".", "..shared", "shop..shared", ".team.shared", "shop.shared", "shop.team.Shared", "shop.support"]
        )
            AccountKey.Lender(name).ShouldBeNull(name);
        Gen.String[Gen.Char["abc-."], 0, 30]
            .Sample(text =>
            {
                if (AccountKey.Lender(text) is { } key)
                    key.LedgerName.ShouldBe(text);
                AccountKey.Lender($"shop.support.eval-{text}.x").ShouldBeNull();
            });
        foreach (
            var key in (AccountKey[])
                [AccountKey.Serving("a", "b"), AccountKey.Evals("a", "b", new Revision("c")), AccountKey.Judge("a", "b", new Revision("c"))]
        )
        {
            key.Lends.ShouldBeFalse();
            AccountKey.Lender(key.LedgerName).ShouldBeNull();
        }
    }

    private static AgentBudget Budget(string spec) =>
        KubernetesJson.Deserialize<AgentBudget>($$"""{"metadata":{"namespace":"ops","name":"all"},"spec":{{spec}}}""");

    private static AccountTerms Terms(AgentBudget budget, DateTimeOffset now) =>
        DeclaredTerms.Of(AccountKey.SharedEvals("ops", "all"), new AccountDeclaration { Budget = budget }, now);
}
