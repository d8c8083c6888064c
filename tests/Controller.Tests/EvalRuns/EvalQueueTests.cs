using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using CsCheck;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>The queue of runs: bounded, fair between namespaces, and in order within one.</summary>
public sealed class EvalQueueTests
{
    private static readonly DateTime Start = new(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_namespace_with_many_runs_does_not_keep_another_one_waiting()
    {
        var crowd = Enumerable.Range(0, 50).Select(index => Run("crowd", $"c{index:00}", index)).ToList();
        var late = Run("small", "s", 1000);
        Names(EvalQueue.MayBegin([.. crowd, late], [], new EvalLimits(4, 4))).ShouldBe(["c00", "c01", "c02", "s"], ignoreOrder: true);
    }

    [Fact]
    public void Within_a_namespace_the_oldest_goes_first_and_the_limit_holds()
    {
        var runs = new[] { Run("one", "b", 2), Run("one", "c", 1), Run("one", "a", 2) };
        Names(EvalQueue.MayBegin(runs, [], new EvalLimits(10, 2))).ShouldBe(["a", "c"], ignoreOrder: true);
        Names(EvalQueue.MayBegin(runs, [Run("one", "x", 0), Run("one", "y", 0)], new EvalLimits(10, 2))).ShouldBeEmpty();
    }

    [Fact]
    public void Runs_that_others_measure_and_runs_that_are_over_take_no_place()
    {
        EvalQueue.StateOf(Run("one", "a", 0, EvalKind.External)).ShouldBeNull();
        EvalQueue.StateOf(Run("one", "a", 0, EvalKind.Job)).ShouldBe(EvalQueue.Waiting);
        EvalQueue.StateOf(Run("one", "a", 0, phase: EvalPhase.Running)).ShouldBe(EvalQueue.AtWork);
        EvalQueue.StateOf(Run("one", "a", 0, phase: EvalPhase.Error)).ShouldBeNull();
    }

    [Fact]
    public void No_limit_is_passed_no_place_stays_empty_and_every_run_gets_its_turn() =>
        Gen.Select(Gen.Select(Gen.Int[0, 4], Gen.Int[0, 50]).List[0, 40], Gen.Int[1, 6], Gen.Int[1, 4])
            .Sample(world =>
            {
                var (entries, cluster, each) = world;
                var waiting = entries.Select((entry, index) => Run($"ns{entry.Item1}", $"r{index:00}", entry.Item2)).ToList();
                var atWork = new List<EvalRun>();
                var rounds = 0;
                while (waiting.Count > 0)
                {
                    var chosen = Names(EvalQueue.MayBegin(waiting, atWork, new EvalLimits(cluster, each)));
                    atWork.AddRange(waiting.Where(run => chosen.Contains(run.Metadata.Name)));
                    waiting.RemoveAll(run => chosen.Contains(run.Metadata.Name));
                    atWork.Count.ShouldBeLessThanOrEqualTo(cluster);
                    atWork.GroupBy(run => run.Spec.Agent.Namespace).ShouldAllBe(group => group.Count() <= each);
                    if (atWork.Count < cluster)
                        waiting.ShouldAllBe(run => atWork.Count(other => other.Spec.Agent.Namespace == run.Spec.Agent.Namespace) == each);
                    atWork.RemoveAt(0);
                    (++rounds).ShouldBeLessThanOrEqualTo(entries.Count + 1);
                }
            });

    private static List<string> Names(IReadOnlySet<Runtime.NamespacedName> chosen) => [.. chosen.Select(key => key.Name)];

    private static EvalRun Run(string agentNamespace, string name, int age, EvalKind kind = EvalKind.Builtin, EvalPhase? phase = null) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "evals",
                CreationTimestamp = Start.AddSeconds(age),
            },
            Spec = new EvalRunSpec
            {
                Agent = new NamespacedReference { Namespace = agentNamespace, Name = "agent" },
                Kind = kind,
            },
            Status = phase is null ? null : new EvalRunStatus { Phase = phase },
        };
}
