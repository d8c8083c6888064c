using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

/// <summary>What serves is measured again, on pods of its own, and a worse result is told and stops nothing.</summary>
public sealed class DriftTests
{
    private readonly SimulatedCluster cluster = new();

    public DriftTests() => cluster.Agent.Spec.Evals[0].ReevaluateEvery = "24h";

    [Fact]
    public void Nothing_is_measured_again_before_it_is_due()
    {
        cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromHours(23);
        // Another day, another window of the budget.
        cluster.Settle();
        cluster.Runs.ShouldNotContain(run => run.Spec.Purpose == EvalPurpose.Drift);
        AgentDecider
            .Decide(cluster.Observe())
            .RequeueAfter!.Value.ShouldBeInRange(TimeSpan.FromMinutes(1), TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_due_measurement_takes_pods_of_its_own_and_they_go_when_it_is_over()
    {
        var serving = cluster.PromoteDeclared();
        Due();
        var run = cluster.Runs.Single(run => run.Spec.Purpose == EvalPurpose.Drift);
        run.Spec.Revision.ShouldBe(serving);
        run.Metadata.Name.ShouldEndWith("-d1");
        cluster.Deployments.Keys.ShouldContain($"support-{serving}-eval");
        Ready().ShouldBe("True");

        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        cluster.Deployments.Keys.ShouldNotContain($"support-{serving}-eval");
        cluster.Services.Keys.ShouldNotContain("support-candidate");
        cluster.Agent.Status!.Scores.Select(entry => entry.Purpose).ShouldBe([EvalPurpose.Drift, EvalPurpose.Gate]);
        cluster.Condition(ConditionTypes.Drifted).ShouldBeNull();
    }

    [Fact]
    public void A_worse_result_is_told_once_stops_nothing_and_ends_with_a_better_one()
    {
        var serving = cluster.PromoteDeclared();
        Due();
        cluster.EvalsEnd(EvalPhase.Failed);
        cluster.Settle();
        cluster
            .Condition(ConditionTypes.Drifted)!
            .ShouldSatisfyAllConditions(
                drifted => drifted.Reason.ShouldBe(Reasons.DriftDetected),
                drifted => drifted.Message.ShouldContain("agent-evals/golden 0.5")
            );
        cluster.Events.Count(note => note.Reason == Reasons.DriftDetected).ShouldBe(1);
        Ready().ShouldBe("True");
        cluster.Condition(ConditionTypes.EvalsPassed)!.Status.ShouldBe("True");
        cluster.Served.ShouldBe(serving);

        Due();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Drifted).ShouldBeNull();
        cluster.Events.Count(note => note.Reason == Reasons.DriftOver).ShouldBe(1);
    }

    [Fact]
    public void Another_revision_ends_the_measurement_of_the_last_one_before_its_Service_leads_elsewhere()
    {
        cluster.PromoteDeclared();
        Due();
        cluster.SetPrompt("v2");
        var writes = AgentDecider.Decide(cluster.Observe()).Writes.ToList();
        writes[0].ShouldBeOfType<Write.Delete>().Resource.Kind.ShouldBe(EvalRun.EntityKind);
        cluster.Settle();
        cluster.Runs.ShouldNotContain(run => run.Spec.Purpose == EvalPurpose.Drift);
    }

    [Fact]
    public void A_candidate_that_is_replaced_has_its_runs_ended_first()
    {
        cluster.Agent.Spec.Evals[0].ReevaluateEvery = null;
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        var first = cluster.Runs.Single().Spec.Revision;
        cluster.SetPrompt("v2");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Runs.ShouldAllBe(run => run.Spec.Revision != first);

        // Declared again, it is measured from the start: answers of other pods have proven nothing.
        cluster.SetPrompt("v1");
        cluster.Settle();
        cluster.Agent.Status!.Phase.ShouldBe(Phases.Evaluating);
    }

    [Fact]
    public void Runs_and_scores_are_bounded_and_each_measurement_has_money_of_its_own()
    {
        cluster.PromoteDeclared();
        for (var i = 0; i < 30; i++)
        {
            Due();
            cluster.EvalsEnd(EvalPhase.Passed);
            cluster.Settle();
        }
        cluster.Runs.Count(run => run.Spec.Purpose == EvalPurpose.Drift).ShouldBe(5);
        cluster.Runs.Max(run => run.Spec.Attempt).ShouldBe(30);
        cluster.Runs.ShouldContain(run => run.Spec.Purpose == null, "the verdict that let it serve stays");
        cluster.Agent.Status!.Scores.Count.ShouldBe(20);
        BudgetWindows.Evals(cluster.Agent.Spec, 30).Limits.Single().MaxCost.ShouldBe(Money.Parse("155"));
    }

    [Fact]
    public void Pods_that_do_not_come_up_end_in_a_run_that_says_so_and_not_in_waiting_for_ever()
    {
        cluster.PromoteDeclared();
        cluster.Now += TimeSpan.FromHours(25);
        cluster.Settle();
        cluster.Runs.ShouldNotContain(run => run.Spec.Purpose == EvalPurpose.Drift);
        cluster.Now += TimeSpan.FromMinutes(16);
        cluster.Settle();
        cluster.Runs.ShouldContain(run => run.Spec.Purpose == EvalPurpose.Drift);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(900)]
    public void A_run_that_somebody_else_made_does_not_move_the_count(int attempt)
    {
        var serving = cluster.PromoteDeclared();
        Due();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        var made = cluster.Runs.Single(run => run.Spec.Purpose == EvalPurpose.Drift);
        cluster.AddForeignRun(
            new EvalRun
            {
                Metadata = new k8s.Models.V1ObjectMeta
                {
                    Name = $"mine-d{attempt}",
                    NamespaceProperty = made.Metadata.NamespaceProperty,
                    Uid = "foreign",
                },
                Spec = made.Spec with { Attempt = attempt, Revision = serving },
                Status = made.Status,
            }
        );
        // The name of the next one is taken.
        cluster.AddForeignRun(
            new EvalRun
            {
                Metadata = new k8s.Models.V1ObjectMeta
                {
                    Name = made.Metadata.Name[..^1] + "2",
                    NamespaceProperty = made.Metadata.NamespaceProperty,
                    Uid = "taken",
                },
                Spec = made.Spec with { Attempt = 2 },
                Status = made.Status,
            }
        );
        Due();
        cluster.Runs.Single(run => run.Spec.Purpose == EvalPurpose.Drift && !run.IsOver).Spec.Attempt.ShouldBe(3);
    }

    private void Due()
    {
        cluster.Now += TimeSpan.FromHours(25);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
    }

    private string? Ready() => cluster.Condition(ConditionTypes.Ready)?.Status;
}
