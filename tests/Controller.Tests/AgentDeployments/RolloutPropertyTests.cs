using System.Collections.Concurrent;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.ReadinessExceptions;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Promises 1, 2 and 5 under everything that people, pods, verdicts, budgets and clocks may do, in any order: no revision gets
/// traffic that neither passed nor was excepted while it took over, what serves is never left without a successor, two revisions
/// share only in a Canary, an aborted revision gets nothing, and every state ends in a fixed point.
/// </summary>
public sealed class RolloutPropertyTests
{
    [Fact]
    public void In_any_order_of_events_the_promises_hold()
    {
        var reached = new ConcurrentDictionary<string, int>();
        Gen.Select(Gen.Int[0, 27], Gen.Int[0, 5], Gen.Int[0, 3])
            .List[1, 60]
            .Sample(
                events =>
                {
                    var world = new World();
                    foreach (var (kind, value, passes) in events)
                    {
                        world.Happen(kind, value);
                        world.Decide(passes);
                    }
                    world.Decide(60);
                    world.Cluster.Settle().ShouldBe(0, "no write in steady state");
                    foreach (var state in world.Reached)
                        reached.AddOrUpdate(state, 1, (_, count) => count + 1);
                },
                iter: 3000
            );

        // A property that never gets there proves nothing about it.
        var phases = typeof(Phases).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        reached.Keys.ShouldBe(
            phases
                .Append("shared")
                .Append(Reasons.Aborted)
                .Append(Reasons.ApprovalTimedOut)
                .Append(Reasons.ExceptionUsed)
                .Append(Reasons.DriftDetected),
            ignoreOrder: true
        );
    }

    private sealed class World
    {
        private readonly HashSet<string> excepted = [];
        private bool served;

        public SimulatedCluster Cluster { get; } = new();

        public HashSet<string> Reached { get; } = [];

        private RolloutSpec Rollout => Cluster.Agent.Spec.Rollout ??= new RolloutSpec();

        // Nought passes: the operator is down, and events pile up.
        public void Decide(int passes)
        {
            for (var i = 0; i < passes; i++)
            {
                foreach (
                    var exception in Cluster.Exceptions.Where(exception =>
                        ExceptionRule.State(exception, ["platform"], Cluster.Now) == ExceptionState.Active
                    )
                )
                    excepted.Add(exception.Spec.Revision);
                if (!Cluster.Reconcile())
                    break;
                Check();
                passes.ShouldBeLessThanOrEqualTo(60);
                (i < 59).ShouldBeTrue("no fixed point");
            }
            Check();
        }

        public void Happen(int kind, int value)
        {
            var cluster = Cluster;
            switch (kind)
            {
                case 0 or 1:
                    cluster.SetPrompt($"v{value}");
                    break;
                case 2 or 3 or 4:
                    cluster.PodsComeUp();
                    break;
                case 5 or 6:
                    cluster.EvalsEnd(EvalPhase.Passed);
                    break;
                case 7:
                    cluster.EvalsEnd((EvalPhase)(3 + (value % 3)));
                    break;
                case 8 or 9:
                    cluster.Now += TimeSpan.FromMinutes(value * 4);
                    break;
                case 10:
                    if (cluster.Ledger is not null)
                        cluster.Spend("0", exhausted: value > 2, by: "60");
                    break;
                case 11:
                    cluster.Agent.Spec.Replicas = value * 2;
                    break;
                case 12 or 13:
                    Rollout.Strategy = RolloutStrategy.Canary;
                    Rollout.Steps = [new CanaryStep { Percent = 10 + value, Hold = "5m" }, new CanaryStep { Percent = 60, Hold = "0s" }];
                    break;
                case 14:
                    Rollout.Strategy = RolloutStrategy.BlueGreen;
                    Rollout.Steps = [];
                    break;
                case 15:
                    Rollout.Approval = value > 2 ? ApprovalMode.Manual : ApprovalMode.Automatic;
                    Rollout.ApprovalTimeout = "10m";
                    break;
                case 16:
                    Rollout.Paused = value > 2;
                    break;
                case 17:
                    cluster.Decide((DecisionAction)(value % 3), cluster.Declared, 1 + (value / 3));
                    break;
                case 18:
                    if (cluster.Agent.Status?.History is { Count: > 0 } history)
                        cluster.Decide(DecisionAction.RollbackTo, history[value % history.Count].Revision, 1 + (value / 3));
                    break;
                case 19:
                    Rollout.Decision = null;
                    break;
                case 20:
                    cluster.Except(cluster.Declared, TimeSpan.FromMinutes(value * 3));
                    break;
                case 23 or 24 or 25 or 26:
                    // All goes well for a while: deep states are rare otherwise.
                    for (var i = 0; i <= value; i++)
                    {
                        Decide(10);
                        cluster.PodsComeUp();
                        cluster.EvalsEnd(EvalPhase.Passed);
                    }
                    break;
                case 27:
                    // What serves is measured again, and is worse: a long way for single events to go by chance.
                    cluster.Agent.Spec.Evals[0].ReevaluateEvery = "5m";
                    Happen(26, 5);
                    cluster.Now += TimeSpan.FromMinutes(6);
                    Decide(10);
                    cluster.PodsComeUp();
                    Decide(10);
                    cluster.EvalsEnd(value > 2 ? EvalPhase.Failed : EvalPhase.Passed);
                    Decide(10);
                    cluster.Agent.Spec.Evals[0].ReevaluateEvery = value == 5 ? "5m" : null;
                    break;
                case 21:
                    if (value == 0)
                        cluster.RemovePrompt();
                    cluster.Agent.Spec.Evals[0].MinScore =
                        value > 3 ? "0.91"
                        : value == 1 ? "two"
                        : "0.90";
                    break;
                default:
                    Rollout.HistoryLimit = value % 3;
                    cluster.Agent.Spec.Evals[0].ReevaluateEvery = value > 2 ? "5m" : null;
                    break;
            }
        }

        private void Check()
        {
            var status = Cluster.Agent.Status;
            if (status?.Phase is { } phase)
                Reached.Add(phase);
            if (Cluster.Traffic.Count > 1)
                Reached.Add("shared");
            foreach (var condition in status?.Conditions ?? [])
            {
                if (condition.Reason is Reasons.DriftDetected or Reasons.Aborted or Reasons.ApprovalTimedOut or Reasons.ExceptionUsed)
                    Reached.Add(condition.Reason);
            }
            foreach (var revision in Cluster.Traffic.Keys)
            {
                var passed = Cluster.Runs.Any(run =>
                    run.Spec.Purpose != EvalPurpose.Drift && run.Spec.Revision == revision && run.Status?.Phase == EvalPhase.Passed
                );
                (passed || excepted.Contains(revision)).ShouldBeTrue("an ungated revision gets traffic");
                if (
                    status?.Decision is { Action: DecisionAction.Abort } abort
                    && Cluster.Agent.Spec.Rollout?.Decision == null
                    && status.CandidateRevision == abort.Revision
                )
                    revision.ShouldNotBe(abort.Revision, "an aborted revision gets traffic");
            }
            Cluster
                .Services.Values.Count(service => service.Selector.GetValueOrDefault(Names.TrackLabel) == Names.EvalTrack)
                .ShouldBeLessThanOrEqualTo(1);
            if (Cluster.Services.GetValueOrDefault("support-candidate")?.Selector.GetValueOrDefault(Names.RevisionLabel) is { } reached)
                Cluster.Runs.ShouldAllBe(run => run.IsOver || run.Spec.Revision == reached, "a run measures the pods of another revision");
            Cluster.Runs.Count(run => run.Spec.Purpose == EvalPurpose.Drift).ShouldBeLessThanOrEqualTo(6);
            Cluster.Deployments.Count.ShouldBeLessThanOrEqualTo(3 + 5 + 2, "the history is bounded");
            (status?.History.Count ?? 0).ShouldBeLessThanOrEqualTo(21);

            if (status?.ServingRevision is { } serving)
            {
                served = true;
                Cluster.Deployments.Keys.ShouldContain($"support-{serving}", "what serves was deleted");
                if (Cluster.Traffic.Count > 1)
                    CheckShares(serving);
            }
            else
            {
                served.ShouldBeFalse("the last good revision was lost");
            }
        }

        private void CheckShares(string serving)
        {
            Cluster.Traffic.Count.ShouldBe(2);
            var canary = Cluster.Agent.Status!.Canary.ShouldNotBeNull();
            Cluster.Agent.Status.CandidateRevision.ShouldNotBeNull();
            Cluster.Traffic.Keys.ShouldContain(serving);
            canary.Shared.ShouldBeTrue();
        }
    }
}
