using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.AgentBudgets;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Ledgers;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>Which shared budgets bind an agent, what they mean for it, and what their own status says.</summary>
public sealed class SharedBudgetTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void An_agent_is_bound_by_what_it_names_what_selects_it_and_the_ceilings_of_its_namespace_the_widest_first()
    {
        var agent = new AgentDeployment
        {
            Metadata = new V1ObjectMeta
            {
                Name = "support",
                Labels = new Dictionary<string, string> { ["team"] = "shop", ["tier"] = "one" },
            },
        };
        agent.Spec.Budget = new BudgetSpec { SharedBudgets = ["named", "absent"] };
        AgentBudget[] local =
        [
            Budget("shop", "named"),
            Budget("shop", "other"),
            Budget("shop", "all", selector: new AgentSelector()),
            Budget("shop", "by-label", selector: new AgentSelector { MatchLabels = { ["team"] = "shop" } }),
            Budget("shop", "not-mine", selector: new AgentSelector { MatchLabels = { ["team"] = "shop", ["tier"] = "two" } }),
        ];
        AgentBudget[] ceilings =
        [
            Budget("operators", "z", namespaces: "shop"),
            Budget("operators", "a", namespaces: "sh*"),
            Budget("operators", "elsewhere", namespaces: "shops"),
            Budget("operators", "nobody"),
        ];

        var bound = SharedBudgets.Of("shop", agent, local, ceilings);

        bound
            .Select(one => one.Account.LedgerName)
            .ShouldBe([
                "operators.a.shared",
                "operators.z.shared",
                "shop.absent.shared",
                "shop.all.shared",
                "shop.by-label.shared",
                "shop.named.shared",
            ]);
        bound.Single(one => one.Account.Agent == "absent").Budget.ShouldBeNull();
        SharedBudgets.Of("shop", new AgentDeployment(), local, []).Select(one => one.Account.Agent).ShouldBe(["all"]);
    }

    [Theory]
    [InlineData(ExhaustedAction.ScaleDown, 1, "scaled from 2 to 1 pods")]
    [InlineData(ExhaustedAction.Block, 2, "model calls are answered 402")]
    [InlineData(ExhaustedAction.Alert, 2, null)]
    public void A_shared_budget_that_is_spent_does_to_the_agent_what_it_says(ExhaustedAction action, int pods, string? consequence)
    {
        var revision = cluster.PromoteDeclared();
        var budget = Budget("shop", "team");
        (budget.Spec.Windows[0].OnExhausted, budget.Spec.Windows[0].ScaleDownTo) = (action, 1);
        cluster.Shared = [View(budget, "10", exhausted: true)];
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(pods);
        var condition = cluster.Condition(ConditionTypes.WithinBudget)!;
        condition.Status.ShouldBe(consequence is null ? "True" : "False");
        if (consequence is not null)
        {
            condition.Message.ShouldStartWith("AgentBudget team: $10 of $10 a day spent");
            condition.Message.ShouldContain(consequence);
        }
    }

    [Fact]
    public void A_shared_budget_that_does_not_exist_is_named_and_scales_nothing()
    {
        var revision = cluster.PromoteDeclared();
        cluster.Shared = [new SharedBudgetView(new SharedBudget(AccountKey.Shared("shop", "team"), null), null)];
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);
        var condition = cluster.Condition(ConditionTypes.WithinBudget)!;
        (condition.Status, condition.Reason).ShouldBe(("False", Reasons.SharedBudgetMissing));
        condition.Message.ShouldContain("sharedBudgets names team");
    }

    [Fact]
    public void What_waits_for_a_person_is_stalled()
    {
        cluster.Agent.Spec.Budget!.Windows[0].Resume = BudgetResume.Manual;
        cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("until a person sets resumedAt");

        cluster.Agent.Spec.Budget!.Windows[0].MaxCost = "100";
        cluster.Settle();
        cluster.Condition(ConditionTypes.WithinBudget)!.Status.ShouldBe("False", "a raised cap alone resumes nothing");
        cluster.Agent.Spec.Budget!.Windows[0].ResumedAt = cluster.Now.UtcDateTime.AddMinutes(1);
        cluster.Settle();
        cluster.Condition(ConditionTypes.WithinBudget)!.Status.ShouldBe("True");
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();
    }

    [Fact]
    public void A_raise_holds_until_it_expires_and_is_told_with_who_and_why()
    {
        cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();
        cluster.Agent.Spec.Budget!.Raises =
        [
            new BudgetRaise
            {
                Period = BudgetPeriod.Day,
                MaxCost = "80",
                Reason = "launch",
                RequestedBy = "jo",
                ExpiresAt = cluster.Now.UtcDateTime.AddHours(1),
            },
        ];
        cluster.Settle();

        cluster.Condition(ConditionTypes.WithinBudget)!.Status.ShouldBe("True");
        LedgerLimits.Current(cluster.Ledger!).First().MaxCost.ShouldBe(Money.Parse("80"));
        cluster
            .Events.Where(note => note.Reason == Reasons.BudgetRaised)
            .ShouldHaveSingleItem()
            .Message.ShouldContain("asked for by jo: launch");

        cluster.Now += TimeSpan.FromHours(1);
        cluster.Settle();
        LedgerLimits.Current(cluster.Ledger!).First().MaxCost.ShouldBe(Money.Parse("50"));
    }

    [Fact]
    public void A_write_off_is_told_once_and_counts()
    {
        cluster.PromoteDeclared();
        var limit = LedgerLimits.Current(cluster.Ledger!).First();
        cluster.Ledger = LedgerLimits.Sum(cluster.Ledger! with { Limits = [limit with { ClosedUnproven = Money.Parse("30") }] });
        cluster.Agent.Spec.Budget!.WriteOffs =
        [
            new BudgetWriteOff
            {
                Period = BudgetPeriod.Day,
                Window = limit.Window,
                MaxCost = "25",
                Reason = "bill",
                RequestedBy = "jo",
            },
        ];
        cluster.Settle();
        cluster.Settle();

        var row = cluster.Agent.Status!.Budget.Single();
        (row.Spent, row.Unproven, row.WrittenOff).ShouldBe(("5", "30", "25"));
        cluster
            .Events.Where(note => note.Reason == Reasons.UnprovenWrittenOff)
            .ShouldHaveSingleItem()
            .Message.ShouldContain("says jo: bill");
    }

    [Fact]
    public void The_status_of_a_shared_budget_tells_thresholds_once_the_end_of_the_money_and_by_whom()
    {
        var budget = Budget("shop", "team");
        var now = cluster.Now;
        AgentBudgetDecision Decide(BudgetLedgerStatus? ledger)
        {
            var decision = AgentBudgetDecider.Decide(new AgentBudgetObservation(budget, ledger, 3, now));
            budget.Status = decision.Status;
            return decision;
        }

        Decide(null).Refresh.ShouldBeTrue("there is no ledger yet, and agents that need it");
        var ledger = View(budget, "6").Ledger! with
        {
            Holders =
            [
                new LedgerHolder
                {
                    Id = "x-2",
                    Segment = 0,
                    Pod = "shop.support",
                    PodUid = "x-2",
                    Granted = Money.Parse("4"),
                    Settled = Money.Parse("4"),
                },
            ],
        };
        var half = Decide(ledger);
        half.Events.ShouldHaveSingleItem().Message.ShouldStartWith("$6 of $10 a day spent: 50 % or more");
        half.Refresh.ShouldBeFalse();
        half.Status.TopSpenders.ShouldHaveSingleItem().ShouldBe(new SpenderStatus { Agent = "shop/support", Spent = "4" });
        Decide(ledger).Events.ShouldBeEmpty();

        var spent = Decide(View(budget, "10", exhausted: true).Ledger);
        spent.Events.ShouldHaveSingleItem().Reason.ShouldBe(Reasons.BudgetExhausted);
        spent.Status.Conditions.Single(condition => condition.Type == ConditionTypes.WithinBudget).Status.ShouldBe("False");
        Decide(View(budget, "1").Ledger).Events.ShouldContain(note => note.Reason == Reasons.BudgetResumed);

        budget.Spec.Windows = [];
        var invalid = Decide(ledger);
        invalid
            .Status.Conditions.Single(condition => condition.Type == ConditionTypes.Stalled)
            .Message.ShouldContain("spec.windows: must list at least one window");
    }

    [Fact]
    public void The_status_tells_what_evaluations_spent_of_their_share_and_once_that_it_is_spent()
    {
        var budget = Budget("shop", "team");
        AgentBudgetDecision Decide(BudgetLedgerStatus? ledger)
        {
            var decision = AgentBudgetDecider.Decide(new AgentBudgetObservation(budget, null, 3, cluster.Now) { Evaluations = ledger });
            budget.Status = decision.Status;
            return decision;
        }
        BudgetLedgerStatus Ledger(string spent, bool exhausted) =>
            SimulatedCluster.Spent(
                LedgerLimits.Open(
                    new BudgetLedgerStatus(),
                    BudgetWindows.Shared(EvaluationShare.Of(budget.Spec)!, cluster.Now),
                    cluster.Now,
                    "share"
                ),
                spent,
                exhausted
            );

        Decide(null).Status.Evaluations.ShouldBeEmpty("no share is declared");
        budget.Spec.Evaluations = new EvaluationShareSpec { MaxPercent = 20 };
        var fresh = Decide(null).Status;
        fresh.Evaluations.ShouldHaveSingleItem().Cap.ShouldBe("2");
        fresh.Budget.ShouldHaveSingleItem().Cap.ShouldBe("10");

        var spent = Decide(Ledger("2", exhausted: true));
        spent.Events.ShouldHaveSingleItem().Message.ShouldStartWith("evaluations spent $2 of their $2 a day: they are answered 402 until ");
        var row = spent.Status.Evaluations.ShouldHaveSingleItem();
        (row.Budget, row.Spent, row.Exhausted).ShouldBe(("day", "2", true));
        spent
            .Status.Conditions.Single(condition => condition.Type == ConditionTypes.WithinBudget)
            .Status.ShouldBe("True", "what serves has money");

        var again = Decide(Ledger("2", exhausted: true));
        again.Events.ShouldBeEmpty();
        again.Status.Evaluations.ShouldBe(spent.Status.Evaluations, "in steady state nothing is written");
    }

    [Fact]
    public void What_is_declared_badly_is_named_with_its_remedy()
    {
        var budget = Budget("shop", "team");
        budget.Spec.TimeZone = "Mars/Olympus";
        budget.Spec.Windows =
        [
            new BudgetWindow { Period = BudgetPeriod.Day },
            new BudgetWindow
            {
                Period = BudgetPeriod.Day,
                MaxCost = "-1",
                MaxTokens = 0,
                AlertAt = [80, 50],
            },
        ];
        budget.Spec.Raises = [new BudgetRaise { Period = BudgetPeriod.Month }];
        budget.Spec.WriteOffs = [new BudgetWriteOff { MaxCost = "x" }];

        BudgetRules
            .Check(budget)
            .Select(problem => problem.Field)
            .ShouldBe([
                "spec.timeZone",
                "spec.windows[0]",
                "spec.windows[1].maxCost",
                "spec.windows[1].maxTokens",
                "spec.windows[1].alertAt",
                "spec.windows",
                "spec.raises[0]",
                "spec.raises[0]",
                "spec.raises[0].period",
                "spec.writeOffs[0]",
                "spec.writeOffs[0].maxCost",
            ]);
    }

    private SharedBudgetView View(AgentBudget budget, string spent, bool exhausted = false) =>
        new(
            new SharedBudget(AccountKey.Shared("shop", budget.Metadata.Name), budget),
            SimulatedCluster.Spent(
                LedgerLimits.Open(new BudgetLedgerStatus(), BudgetWindows.Shared(budget.Spec, cluster.Now), cluster.Now, "pot"),
                spent,
                exhausted
            )
        );

    private static AgentBudget Budget(string ns, string name, AgentSelector? selector = null, string? namespaces = null) =>
        new()
        {
            Metadata = new V1ObjectMeta { NamespaceProperty = ns, Name = name },
            Spec = new AgentBudgetSpec
            {
                Windows = [new BudgetWindow { Period = BudgetPeriod.Day, MaxCost = "10" }],
                Selector = selector,
                Namespaces = namespaces is null ? [] : [namespaces],
            },
        };
}
