using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Shared;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>Nothing grows for ever.</summary>
public sealed partial class BoundsTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void Runs_are_bounded_and_those_of_what_is_declared_and_serves_are_never_collected()
    {
        var good = cluster.PromoteDeclared();
        for (var i = 0; i < 40; i++)
        {
            cluster.Now += TimeSpan.FromMinutes(1);
            cluster.SetPrompt($"bad {i}");
            cluster.Settle();
            cluster.PodsComeUp();
            cluster.Settle();
            cluster.EvalsEnd(EvalPhase.Failed);
            cluster.Settle();
        }
        var declared = cluster.Declared;

        cluster.Runs.Count.ShouldBeLessThanOrEqualTo(12);
        cluster.Runs.ShouldContain(run => run.Spec.Revision == good && run.Status!.Phase == EvalPhase.Passed, "it serves");
        cluster.Runs.ShouldContain(run => run.Spec.Revision == declared && run.Status!.Phase == EvalPhase.Failed, "it is declared");
        cluster.Copies.Count.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public void Whatever_happens_a_status_stays_small()
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec { HistoryLimit = 20, RollbackWindow = "8000h" };
        for (var i = 0; i < 60; i++)
        {
            cluster.Now += TimeSpan.FromMinutes(1);
            cluster.SetPrompt($"v{i}");
            cluster.PromoteDeclared();
            cluster.Decide(DecisionAction.Abort, "0123456789abcde", 1 + i);
        }
        cluster.SetPrompt("last");
        cluster.Suite = null;
        for (var i = 0; i < 200; i++)
            cluster.Pods.Add(
                new PodView(
                    new Meta(
                        new Runtime.NamespacedName("shop", new string('x', 200) + i),
                        $"{i}",
                        null,
                        new Dictionary<string, string> { [Api.Names.AgentLabel] = "support" },
                        cluster.Now,
                        false,
                        "1"
                    ),
                    "Running",
                    null,
                    []
                )
            );
        cluster.Settle();

        cluster.Agent.Status!.History.Count.ShouldBeLessThanOrEqualTo(21);
        cluster.Agent.Status.Conditions.ShouldAllBe(condition => condition.Message.Length <= 2000);
        Encoding.UTF8.GetByteCount(KubernetesJson.Serialize(cluster.Agent.Status)).ShouldBeLessThan(16 * 1024);
    }

    [Fact]
    public void The_tests_that_docs_prior_art_names_exist()
    {
        var tests = Directory
            .EnumerateFiles(Repository.PathOf("tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Select(line => Method().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        var named = Named()
            .Matches(File.ReadAllText(Repository.PathOf("docs", "prior-art.md")))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .ToList();

        named.Count.ShouldBeGreaterThan(15);
        named.ShouldBeSubsetOf(tests);
    }

    [GeneratedRegex(@"public (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex Named();
}
