using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Controller.Tests;

public sealed class DecisionTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void A_passed_revision_waits_for_a_person_where_the_spec_says_so()
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec { Approval = ApprovalMode.Manual };
        cluster.PromoteDeclared().ShouldBeNull();
        var revision = cluster.Declared;
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.AwaitingApproval);
        cluster.Condition(ConditionTypes.Reconciling)!.Message.ShouldContain(revision);
        cluster.Deployments.ShouldBeEmpty("eval pods do not wait for people");

        cluster.Decide(DecisionAction.Promote, revision);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Served.ShouldBe(revision);

        cluster.SetPrompt("v2");
        cluster.PromoteDeclared().ShouldBe(revision, "the approval named another revision");
    }

    [Theory]
    [InlineData(ApprovalOutcome.Abort)]
    [InlineData(ApprovalOutcome.Promote)]
    public void A_wait_for_approval_ends_as_declared(ApprovalOutcome outcome)
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec
        {
            Approval = ApprovalMode.Manual,
            ApprovalTimeout = "2h",
            OnApprovalTimeout = outcome,
        };
        cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromMinutes(119);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.AwaitingApproval);

        cluster.Now += TimeSpan.FromMinutes(2);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        if (outcome == ApprovalOutcome.Promote)
        {
            cluster.Served.ShouldBe(cluster.Declared);
            cluster.Events.Count(note => note.Reason == Reasons.ApprovalTimedOut).ShouldBe(1);
            return;
        }
        cluster.Served.ShouldBeNull();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ApprovalTimedOut);
        cluster.Settle().ShouldBe(0);
        cluster.Decide(DecisionAction.Promote, cluster.Declared);
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);
    }

    [Fact]
    public void A_decision_on_another_revision_is_ignored_and_says_so_once()
    {
        var good = cluster.PromoteDeclared();
        cluster.Decide(DecisionAction.Abort, "0123456789abcde");
        cluster.SetPrompt("v2");
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);

        cluster.Declared.ShouldNotBe(good);
        cluster.Condition(ConditionTypes.DecisionIgnored)!.Message.ShouldContain(cluster.Declared);
        cluster
            .Events.Count(note =>
                note.Reason == Reasons.DecisionIgnored && note.Message.Contains(cluster.Declared, StringComparison.Ordinal)
            )
            .ShouldBe(1);
    }

    [Fact]
    public void Promote_never_skips_the_evals()
    {
        cluster.Decide(DecisionAction.Promote, cluster.Declared);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Failed);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBeNull();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.EvalsFailed);
    }

    [Fact]
    public void A_retry_measures_again_once_and_only_once()
    {
        Fail();
        var revision = cluster.Declared;
        cluster.Decide(DecisionAction.Retry, revision);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Runs.Select(run => run.Spec.Attempt).Order().ShouldBe([1, 2]);
        cluster.Runs.Single(run => run.Spec.Attempt == 2).Spec.Round.ShouldBe(1);

        cluster.EvalsEnd(EvalPhase.Failed);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.EvalsFailed);
        cluster.Runs.Count.ShouldBe(2, "the same decision is carried out once");

        cluster.Decide(DecisionAction.Retry, revision, attempt: 2);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Agent.Spec.Rollout!.Decision = null;
        cluster.PromoteDeclared().ShouldBe(revision);
    }

    [Fact]
    public void A_retry_gives_a_measurement_that_could_not_be_made_three_more_tries()
    {
        Fail(EvalPhase.Error, Defaults.EvalAttempts);
        cluster.Decide(DecisionAction.Retry, cluster.Declared);
        for (var i = 0; i < Defaults.EvalAttempts + 2; i++)
        {
            cluster.Settle();
            cluster.PodsComeUp();
            cluster.Settle();
            cluster.EvalsEnd(EvalPhase.Error);
        }
        cluster.Settle();
        cluster.Runs.Count.ShouldBe(2 * Defaults.EvalAttempts);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.EvalsErrored);
    }

    [Fact]
    public void A_retry_starts_the_clock_of_late_pods_anew()
    {
        cluster.Settle();
        cluster.Now += TimeSpan.FromMinutes(16);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ProgressDeadlineExceeded);

        cluster.Decide(DecisionAction.Retry, cluster.Declared);
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);
    }

    [Fact]
    public void An_aborted_revision_stays_so_until_somebody_retries_and_another_one_starts_clean()
    {
        var good = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.Settle();
        var aborted = cluster.Declared;
        cluster.Decide(DecisionAction.Abort, aborted);
        cluster.PromoteDeclared().ShouldBe(good);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.Aborted);
        cluster.Deployments.Keys.ShouldBe([$"support-{good}"]);

        cluster.SetPrompt("v3");
        var next = cluster.PromoteDeclared();
        next.ShouldBe(cluster.Declared);

        cluster.SetPrompt("v2");
        cluster.Declared.ShouldBe(aborted);
        cluster.PromoteDeclared().ShouldBe(next);
        cluster.Decide(DecisionAction.Retry, aborted);
        cluster.PromoteDeclared().ShouldBe(aborted);
    }

    [Fact]
    public void A_rollback_serves_the_older_revision_until_another_one_is_declared()
    {
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        var second = cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromMinutes(5);
        cluster.Settle();
        var runs = cluster.Runs.Count;

        cluster.Decide(DecisionAction.RollbackTo, first);
        cluster.Settle();
        cluster.Served.ShouldBe(second, "the older revision's pods are not available yet");
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(first);
        cluster.Runs.Count.ShouldBe(runs);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.RolledBack);
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("because");
        cluster.Copies.Keys.ShouldContain($"prompt-support-{first}");
        cluster.Now += TimeSpan.FromMinutes(5);
        cluster.Settle();
        cluster.Deployments[$"support-{second}"].Pods.Wanted.ShouldBe(0);
        cluster.Deployments[$"support-{first}"].Pods.Wanted.ShouldBe(2);

        cluster.SetPrompt("v3");
        cluster.PromoteDeclared().ShouldBe(cluster.Declared, "the decision was about what was declared then");
        cluster.Condition(ConditionTypes.DecisionIgnored).ShouldNotBeNull();
    }

    [Fact]
    public void A_rollback_is_refused_where_the_old_revision_is_gone_old_or_tampered_with()
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec { RollbackWindow = "1h" };
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        var second = cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromMinutes(5);
        cluster.Settle();

        cluster.Decide(DecisionAction.RollbackTo, "0123456789abcde");
        cluster.Settle();
        cluster.Condition(ConditionTypes.DecisionIgnored)!.Message.ShouldContain("no Deployment of it is kept");

        cluster.Edit($"support-{first}", view => view with { ForeignManagers = ["kubectl-edit"] });
        cluster.Decide(DecisionAction.RollbackTo, first);
        cluster.Settle();
        cluster.Condition(ConditionTypes.DecisionIgnored)!.Message.ShouldContain("kubectl-edit");

        cluster.Edit($"support-{first}", view => view with { ForeignManagers = [] });
        cluster.ReplaceCopy($"prompt-support-{first}", "another");
        cluster.Settle();
        cluster.Condition(ConditionTypes.DecisionIgnored)!.Message.ShouldContain("another content");

        cluster.ReplaceCopy($"prompt-support-{first}", "digest-of-v1");
        cluster.Now += TimeSpan.FromHours(2);
        cluster.Settle();
        cluster.Condition(ConditionTypes.DecisionIgnored)!.Message.ShouldContain("rollbackWindow");
        cluster.Served.ShouldBe(second);

        cluster.Agent.Spec.Rollout.RollbackWindow = "24h";
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Served.ShouldBe(first);
    }

    [Fact]
    public void An_old_revision_that_does_not_come_up_leaves_the_new_one_serving()
    {
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        var second = cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromMinutes(5);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Decide(DecisionAction.RollbackTo, first);
        cluster.Settle();
        cluster.Now += TimeSpan.FromMinutes(16);
        cluster.Settle();

        cluster.Served.ShouldBe(second);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ProgressDeadlineExceeded);
        cluster.Deployments[$"support-{first}"].Pods.Wanted.ShouldBe(0);
        cluster.Settle().ShouldBe(0);
    }

    [Fact]
    public void A_revision_that_served_lately_needs_no_new_evals_though_the_suite_changed()
    {
        var first = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.PromoteDeclared();
        cluster.Agent.Spec.Evals[0].MinScore = "0.92";
        cluster.SetPrompt("v1");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(first);
        cluster.Condition(ConditionTypes.EvalsPassed)!.Reason.ShouldBe(Reasons.ServedBefore);

        cluster.SetPrompt("v2");
        cluster.Now += TimeSpan.FromDays(8);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Evaluating, "v2 served too long ago");
    }

    [Fact]
    public void A_paused_rollout_begins_nothing_and_what_serves_is_still_looked_after()
    {
        var good = cluster.PromoteDeclared();
        cluster.Agent.Spec.Rollout = new RolloutSpec { Paused = true };
        cluster.SetPrompt("v2");
        cluster.Agent.Spec.Replicas = 3;
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Runs.Count.ShouldBe(1);
        cluster.Deployments.Keys.ShouldBe([$"support-{good}"]);
        cluster.Deployments[$"support-{good}"].Pods.Wanted.ShouldBe(3);
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Paused);

        cluster.Agent.Spec.Rollout.Paused = false;
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);
    }

    [Fact]
    public void A_pause_in_the_middle_of_an_evaluation_keeps_its_pods_and_no_clock_runs()
    {
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Agent.Spec.Rollout = new RolloutSpec { Paused = true };
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Now += TimeSpan.FromHours(5);
        cluster.Settle();
        cluster.Deployments.Keys.ShouldHaveSingleItem().ShouldEndWith("-eval");
        cluster.Agent.Status!.EvalSummary.ShouldBe("Passed 0.98");

        cluster.Agent.Spec.Rollout.Paused = null;
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);
    }

    private void Fail(EvalPhase phase = EvalPhase.Failed, int times = 1)
    {
        cluster.Settle();
        cluster.PodsComeUp();
        for (var i = 0; i < times; i++)
        {
            cluster.Settle();
            cluster.EvalsEnd(phase);
        }
        cluster.Settle();
    }
}
