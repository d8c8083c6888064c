using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Controller.Tests;

public sealed class AgentDeciderTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void The_first_revision_is_evaluated_before_anything_serves()
    {
        cluster.Settle();

        cluster.Deployments.Keys.ShouldHaveSingleItem().ShouldEndWith("-eval");
        cluster.Services.Keys.ShouldBe(["support-candidate"]);
        cluster.Runs.ShouldBeEmpty("its pods are not up yet");
        cluster.Condition(ConditionTypes.Serving)!.Reason.ShouldBe(Reasons.NothingPassedYet);

        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Runs.Count.ShouldBe(1);
        cluster.Served.ShouldBeNull();
    }

    [Fact]
    public void A_passed_revision_serves_once_all_its_pods_are_available()
    {
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        cluster.Served.ShouldBeNull("its serving pods are not available yet");
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Promoting);

        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(cluster.Agent.Status!.ServingRevision);
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("True");
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();
        cluster.Deployments.Keys.ShouldHaveSingleItem("the eval pods are gone").ShouldBe($"support-{cluster.Served}");
        cluster.Events.ShouldContain(note => note.Reason == Reasons.Promoted);
    }

    [Fact]
    public void It_is_not_ready_before_the_Service_really_has_endpoints()
    {
        cluster.EndpointsLag = true;
        cluster.PromoteDeclared();
        cluster.Condition(ConditionTypes.Ready)!.Reason.ShouldBe(Reasons.EndpointsPending);

        cluster.EndpointsLag = false;
        cluster.Settle();
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("True");
    }

    [Theory]
    [InlineData(EvalPhase.Failed, Reasons.EvalsFailed)]
    [InlineData(EvalPhase.Inconclusive, Reasons.EvalsInconclusive)]
    public void A_revision_that_does_not_pass_is_held_and_the_last_good_one_serves(EvalPhase phase, string reason)
    {
        var good = cluster.PromoteDeclared();
        cluster.SetPrompt("worse");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(phase);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(good);
        var stalled = cluster.Condition(ConditionTypes.Stalled)!;
        stalled.Reason.ShouldBe(reason);
        stalled.Message.ShouldContain("agent-evals/golden");
        stalled.Message.ShouldContain("0.90");
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("False");
        cluster.Condition(ConditionTypes.Serving)!.Status.ShouldBe("True");
        cluster.Deployments.Keys.ShouldBe([$"support-{good}"]);
        cluster.Events.Count(note => note.Reason == reason).ShouldBe(1, "told once");
    }

    [Fact]
    public void A_measurement_that_could_not_be_made_is_tried_three_times_and_then_holds()
    {
        cluster.Settle();
        cluster.PodsComeUp();
        for (var attempt = 1; attempt <= Defaults.EvalAttempts; attempt++)
        {
            cluster.Settle();
            cluster.Runs.Max(run => run.Spec.Attempt).ShouldBe(attempt);
            cluster.EvalsEnd(EvalPhase.Error);
        }
        cluster.Settle();

        cluster.Runs.Count.ShouldBe(Defaults.EvalAttempts);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.EvalsErrored);
        cluster.Served.ShouldBeNull();
    }

    [Fact]
    public void Going_back_to_a_passed_revision_needs_no_new_evals()
    {
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.PromoteDeclared().ShouldNotBe(first);
        var runs = cluster.Runs.Count;

        cluster.SetPrompt("v1");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(first);
        cluster.Runs.Count.ShouldBe(runs);
    }

    [Fact]
    public void The_old_revision_stays_whole_while_it_drains_and_goes_to_zero_after()
    {
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.PromoteDeclared();
        cluster.Deployments[$"support-{first}"].Pods.Wanted.ShouldBe(2);

        cluster.Now += TimeSpan.FromSeconds(31);
        cluster.Settle();

        cluster.Deployments[$"support-{first}"].Pods.Wanted.ShouldBe(0);
        cluster.Copies.Keys.ShouldContain($"prompt-support-{first}", "a rollback needs the old prompt");
    }

    [Fact]
    public void History_is_bounded_and_takes_its_copies_along()
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec { HistoryLimit = 1 };
        var revisions = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            cluster.SetPrompt($"v{i}");
            revisions.Add(cluster.PromoteDeclared());
            cluster.Now += TimeSpan.FromMinutes(1);
            cluster.Settle();
        }

        cluster.Deployments.Keys.Order().ShouldBe(new[] { $"support-{revisions[2]}", $"support-{revisions[3]}" }.Order());
        cluster.Copies.Keys.ShouldNotContain($"prompt-support-{revisions[0]}");
        cluster.Copies.Keys.ShouldContain($"prompt-support-{revisions[2]}");
    }

    [Fact]
    public void An_exhausted_budget_scales_down_and_never_writes_the_declared_replicas()
    {
        var revision = cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(0);
        cluster.Agent.Spec.Replicas.ShouldBe(2);
        cluster.Condition(ConditionTypes.WithinBudget)!.Message.ShouldContain("49.9");
        cluster.Condition(ConditionTypes.Ready)!.Reason.ShouldBe(Reasons.BudgetExhausted);
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull("it resumes by itself");

        cluster.Agent.Spec.Budget!.Windows[0].MaxCost = "100";
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("True");
        cluster.Events.ShouldContain(note => note.Reason == Reasons.BudgetResumed);
    }

    [Fact]
    public void Block_refuses_calls_and_keeps_the_pods()
    {
        cluster.Agent.Spec.Budget!.Windows[0].OnExhausted = ExhaustedAction.Block;
        var revision = cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);
        cluster.Condition(ConditionTypes.WithinBudget)!.Status.ShouldBe("False");
    }

    [Fact]
    public void A_new_day_ends_the_exhaustion()
    {
        var revision = cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();
        cluster.Now += TimeSpan.FromHours(12);
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);
        cluster.Ledger!.Previous.Single().Settled.ShouldBe(Amount.FromMoney(Money.Parse("49.9")));
    }

    [Fact]
    public void A_changed_Service_is_set_back_and_reported()
    {
        var good = cluster.PromoteDeclared();
        cluster.Tamper("support", "0123456789abcde");

        cluster.Settle();

        cluster.Served.ShouldBe(good);
        cluster.Events.ShouldContain(note => note.Reason == Reasons.DriftReverted);
    }

    [Fact]
    public void A_Service_that_is_not_ours_is_left_alone()
    {
        cluster.AddForeignService("support");
        cluster.Settle();

        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.NameConflict);
        cluster.Services["support"].Meta.ControllerUid.ShouldBe("somebody-else");
        cluster.Deployments.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Reasons.SuiteNotFound)]
    [InlineData(Reasons.ConfigMapNotFound)]
    public void What_is_missing_is_named(string reason)
    {
        if (reason == Reasons.SuiteNotFound)
            cluster.Suite = null;
        else
            cluster.RemovePrompt();
        cluster.Settle();

        var ready = cluster.Condition(ConditionTypes.Ready)!;
        ready.Reason.ShouldBe(reason);
        ready.Message.ShouldContain(reason == Reasons.ConfigMapNotFound ? "shop/prompt" : "spec.evals[0].suite");
        cluster.Deployments.ShouldBeEmpty();
    }

    [Fact]
    public void Pods_that_do_not_come_up_stall_after_the_deadline_and_are_taken_away()
    {
        cluster.Settle();
        cluster.Now += TimeSpan.FromMinutes(16);
        cluster.Settle();

        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ProgressDeadlineExceeded);
        cluster.Deployments.ShouldBeEmpty();
        cluster.Settle().ShouldBe(0, "nothing more until the spec changes");
    }

    [Fact]
    public void No_suites_is_no_proof_and_says_so()
    {
        cluster.Agent.Spec.Evals = [];
        cluster.PromoteDeclared();

        cluster.Condition(ConditionTypes.EvalsPassed)!.Status.ShouldBe("Unknown");
        cluster.Condition(ConditionTypes.EvalsPassed)!.Reason.ShouldBe(Reasons.NoSuites);
    }

    [Fact]
    public void An_invalid_spec_leaves_the_last_good_one_alone_and_names_the_field()
    {
        var good = cluster.PromoteDeclared();
        cluster.Agent.Spec.Budget!.Windows[0].MaxCost = "-3";
        cluster.Settle();

        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("spec.budget.windows[0].maxCost");
        cluster.Served.ShouldBe(good);
        cluster.Deployments[$"support-{good}"].Pods.Wanted.ShouldBe(2);
    }
}
