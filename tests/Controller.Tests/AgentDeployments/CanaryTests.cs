using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

public sealed class CanaryTests
{
    private readonly SimulatedCluster cluster = new();

    [Theory]
    [InlineData(10, 1, 1, 10)] // one pod is the least there is: 1 of 11
    [InlineData(10, 10, 1, 10)]
    [InlineData(10, 20, 2, 10)] // 2 of 12: under a fifth
    [InlineData(4, 25, 1, 4)] // exactly a fifth
    [InlineData(10, 50, 10, 10)]
    [InlineData(10, 75, 10, 4)] // 10 of 14 is 71 %
    [InlineData(10, 99, 10, 1)]
    [InlineData(1, 10, 1, 1)]
    [InlineData(10, 100, 10, 0)]
    public void Pods_make_the_share(int replicas, int percent, int candidate, int stable) =>
        CanaryPlan.Pods(replicas, percent).ShouldBe((candidate, stable));

    [Fact]
    public void No_plan_exceeds_its_percentage_but_for_one_pod_or_leaves_less_than_the_agent_is_to_have() =>
        Gen.Select(Gen.Int[1, 1000], Gen.Int[1, 99])
            .Sample(
                (replicas, percent) =>
                {
                    var (candidate, stable) = CanaryPlan.Pods(replicas, percent);
                    candidate.ShouldBeInRange(1, replicas);
                    stable.ShouldBeInRange(1, replicas);
                    (candidate + stable).ShouldBeGreaterThan(replicas);
                    if (candidate > 1 && stable > 1)
                        (candidate * 100).ShouldBeLessThanOrEqualTo(percent * (candidate + stable));
                }
            );

    [Fact]
    public void It_takes_traffic_step_by_step_and_each_step_holds()
    {
        var (good, candidate) = Begin();

        cluster.Traffic.Keys.ShouldBe([good], "its first pod is not available yet");
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Traffic.ShouldBe(new Dictionary<string, int> { [good] = 4, [candidate] = 1 }, ignoreOrder: true);
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.CanaryStep);
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("False");
        cluster.Agent.Status!.ServingRevision.ShouldBe(good);

        cluster.Now += TimeSpan.FromMinutes(9);
        cluster.Settle().ShouldBe(0, "its hold is not over");
        cluster.Now += TimeSpan.FromMinutes(1);
        cluster.Settle();
        cluster.Traffic.Values.Sum().ShouldBe(5, "the next step's pods are not available yet, so none of the old ones goes");
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Traffic.ShouldBe(new Dictionary<string, int> { [good] = 2, [candidate] = 4 }, ignoreOrder: true);

        cluster.Now += TimeSpan.FromMinutes(20);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Served.ShouldBe(candidate);
        cluster.Agent.Status.ServingRevision.ShouldBe(candidate);
        cluster.Agent.Status.Canary.ShouldBeNull();
        cluster.Condition(ConditionTypes.Ready)!.Status.ShouldBe("True");
        cluster.Events.Count(note => note.Reason == Reasons.CanaryStep).ShouldBe(2, "each step is told once");
    }

    [Fact]
    public void An_abort_gives_all_traffic_back_in_one_pass()
    {
        var (good, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Decide(DecisionAction.Abort, candidate);
        cluster.Reconcile();

        cluster.Traffic.Keys.ShouldBe([good]);
        cluster.Deployments[$"support-{good}"].Pods.Wanted.ShouldBe(4);
        cluster.Deployments[$"support-{candidate}"].Pods.Wanted.ShouldBe(0);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.Aborted);
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("because");

        cluster.Agent.Spec.Rollout!.Decision = null;
        cluster.Now += TimeSpan.FromHours(1);
        cluster.Settle();
        cluster.Traffic.Keys.ShouldBe([good], "taking the decision out of Git undoes nothing");
    }

    [Fact]
    public void A_decision_to_promote_skips_the_steps_that_are_left()
    {
        var (_, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Decide(DecisionAction.Promote, candidate);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();

        cluster.Served.ShouldBe(candidate);
    }

    [Fact]
    public void Pods_that_do_not_come_up_in_time_give_all_traffic_back()
    {
        var (good, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Now += TimeSpan.FromMinutes(10);
        cluster.Settle();
        cluster.Traffic.ContainsKey(candidate).ShouldBeTrue();

        cluster.Now += TimeSpan.FromMinutes(15);
        cluster.Settle();

        cluster.Traffic.Keys.ShouldBe([good]);
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ProgressDeadlineExceeded);
        cluster.Deployments[$"support-{candidate}"].Pods.Wanted.ShouldBe(0);
        cluster.Settle().ShouldBe(0);
    }

    [Fact]
    public void Pods_that_die_in_a_step_are_waited_for_at_its_end_and_not_for_ever()
    {
        var (good, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Edit($"support-{candidate}", view => view with { Pods = view.Pods with { Available = 0, Ready = 0 } });
        cluster.Settle();
        AgentDecider
            .Decide(cluster.Observe())
            .RequeueAfter!.Value.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(10.1), "nothing else would wake it");

        cluster.Now += TimeSpan.FromMinutes(10);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();
        AgentDecider.Decide(cluster.Observe()).RequeueAfter!.Value.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(15.1));
        cluster.Now += TimeSpan.FromMinutes(15);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ProgressDeadlineExceeded);
        cluster.Deployments[$"support-{good}"].Pods.Wanted.ShouldBe(4);
        cluster.Deployments[$"support-{candidate}"].Pods.Wanted.ShouldBe(0);
    }

    [Fact]
    public void A_scale_event_does_not_make_a_step_late()
    {
        var (_, candidate) = Begin();
        cluster.Now += TimeSpan.FromMinutes(14);
        cluster.Settle();
        cluster.Agent.Spec.Replicas = 8;
        cluster.Settle();

        cluster.Now += TimeSpan.FromMinutes(14);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();
        cluster.Deployments[$"support-{candidate}"].Pods.Wanted.ShouldBe(2);
    }

    [Fact]
    public void It_waits_until_an_older_revision_has_drained_since_the_shared_Service_would_select_it_too()
    {
        cluster.Agent.Spec.Rollout = Steps();
        cluster.Agent.Spec.Rollout.Drain = "10m";
        cluster.PromoteDeclared();
        cluster.Agent.Spec.Rollout.Strategy = RolloutStrategy.BlueGreen;
        cluster.Agent.Spec.Rollout.Steps = [];
        cluster.SetPrompt("v2");
        var second = cluster.PromoteDeclared();
        cluster.Agent.Spec.Rollout.Strategy = RolloutStrategy.Canary;
        cluster.Agent.Spec.Rollout.Steps = Steps().Steps;
        cluster.SetPrompt("v3");
        cluster.PromoteDeclared();
        cluster.Traffic.Keys.ShouldBe([second]);
        cluster.Condition(ConditionTypes.Reconciling)!.Message.ShouldContain("are gone");

        cluster.Now += TimeSpan.FromMinutes(10);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Traffic.Keys.Order().ShouldBe(new[] { second, cluster.Declared }.Order());
    }

    [Fact]
    public void Silence_that_was_consent_is_not_asked_for_again_while_a_Canary_waits()
    {
        cluster.Agent.Spec.Rollout = Steps();
        cluster.Agent.Spec.Rollout.Drain = "10h";
        cluster.PromoteDeclared();
        (cluster.Agent.Spec.Rollout.Strategy, cluster.Agent.Spec.Rollout.Steps) = (RolloutStrategy.BlueGreen, []);
        cluster.SetPrompt("v2");
        cluster.PromoteDeclared();
        (cluster.Agent.Spec.Rollout.Strategy, cluster.Agent.Spec.Rollout.Steps) = (RolloutStrategy.Canary, Steps().Steps);
        (cluster.Agent.Spec.Rollout.Approval, cluster.Agent.Spec.Rollout.ApprovalTimeout, cluster.Agent.Spec.Rollout.OnApprovalTimeout) = (
            ApprovalMode.Manual,
            "1h",
            ApprovalOutcome.Promote
        );
        cluster.SetPrompt("v3");
        cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromHours(2);
        cluster.Settle();
        cluster.Settle().ShouldBe(0);

        cluster.Condition(ConditionTypes.Reconciling)!.Message.ShouldContain("are gone");
        cluster.Events.Count(note => note.Reason == Reasons.ApprovalTimedOut).ShouldBe(1);
    }

    [Fact]
    public void A_pause_keeps_the_shares_and_restarts_the_hold()
    {
        var (good, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Agent.Spec.Rollout!.Paused = true;
        cluster.Settle();
        cluster.Now += TimeSpan.FromHours(3);
        cluster.Settle().ShouldBe(0);
        cluster.Traffic.ShouldBe(new Dictionary<string, int> { [good] = 4, [candidate] = 1 }, ignoreOrder: true);
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Paused);

        cluster.Agent.Spec.Rollout.Paused = false;
        cluster.Settle();
        cluster.Now += TimeSpan.FromMinutes(9);
        cluster.Settle();
        cluster.Agent.Status!.Canary!.Step.ShouldBe(1);
    }

    [Fact]
    public void An_exhausted_budget_gives_the_traffic_back_and_the_steps_begin_anew_when_there_is_money()
    {
        var (_, candidate) = Begin();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();
        cluster.Deployments.Values.ShouldAllBe(deployment => deployment.Pods.Wanted == 0);
        cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();

        cluster.PodsComeUp();
        cluster.Agent.Spec.Budget!.Windows[0].MaxCost = "100";
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Traffic[candidate].ShouldBe(1);
    }

    [Fact]
    public void The_first_revision_has_nobody_to_share_with_and_goes_straight()
    {
        cluster.Agent.Spec.Rollout = Steps();
        cluster.PromoteDeclared().ShouldBe(cluster.Declared);
    }

    private static RolloutSpec Steps() =>
        new()
        {
            Strategy = RolloutStrategy.Canary,
            Steps = [new CanaryStep { Percent = 20, Hold = "10m" }, new CanaryStep { Percent = 70, Hold = "20m" }],
        };

    // A passed candidate whose first step has begun: its pods are wanted and not up yet.
    private (string Good, string Candidate) Begin()
    {
        cluster.Agent.Spec.Replicas = 4;
        cluster.Agent.Spec.Rollout = Steps();
        var good = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        return (good, cluster.Declared);
    }
}
