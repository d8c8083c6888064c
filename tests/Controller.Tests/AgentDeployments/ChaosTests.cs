using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.Tests;

/// <summary>Chaos reaches the pods of evaluations and no others, is a part of the bar, and what was met is told.</summary>
public sealed class ChaosTests
{
    private readonly SimulatedCluster cluster = new();

    public ChaosTests()
    {
        cluster.Agent.Spec.Guardrails = new GuardrailsSpec
        {
            Upstreams =
            [
                new Upstream
                {
                    Name = "openai",
                    Format = UpstreamFormat.OpenAI,
                    Url = "https://a.example/v1",
                },
                new Upstream
                {
                    Name = "tools",
                    Format = UpstreamFormat.MCP,
                    Url = "https://a.example/mcp",
                },
            ],
        };
        cluster.Agent.Spec.Evals[0].Name = "outage";
        cluster.Agent.Spec.Evals[0].Chaos = Declared(20);
    }

    [Fact]
    public void Only_the_pods_of_evaluations_are_told()
    {
        var told = Written(Track.Eval).Chaos.ShouldHaveSingleItem();
        (told.Eval, told.Seed, told.Id).ShouldBe(("outage", 7, ChaosPlans.Of(cluster.Agent.Spec.Evals[0])!.Id));
        told.Faults.Select(ChaosPlans.Words).ShouldBe(["ServerError/openai 20%", "Slow/search_* 10% 5s", "InjectedText/search_* 10%"]);
        told.Faults[2].Text.ShouldBe(ChaosFaults.DefaultText);
        Written(Track.Serving).Chaos.ShouldBeNull();
    }

    [Fact]
    public void Nothing_that_serves_ever_holds_a_word_of_it()
    {
        var seen = new List<(string Name, string Text)>();
        void Look()
        {
            foreach (var write in AgentDecider.Decide(cluster.Observe()).Writes.OfType<Write.Apply>())
                seen.Add((write.Body["metadata"]!["name"]!.GetValue<string>(), write.Body.ToJsonString()));
        }
        // A whole life: evaluated, promoted, another revision while the first serves, a change of the chaos alone, a rollback.
        for (var round = 0; round < 3; round++)
        {
            for (var step = 0; step < 6; step++)
            {
                Look();
                cluster.Reconcile();
                cluster.PodsComeUp();
            }
            cluster.EvalsEnd(EvalPhase.Passed);
            for (var step = 0; step < 6; step++)
            {
                Look();
                cluster.Reconcile();
                cluster.PodsComeUp();
            }
            cluster.SetPrompt($"v{round + 2}");
            cluster.Agent.Spec.Evals[0].Chaos = Declared(30 + round);
        }
        seen.Count(one => one.Name.Contains("-eval", StringComparison.Ordinal) && Holds(one.Text)).ShouldBeGreaterThan(2);
        var serving = seen.Where(one => !one.Name.Contains("-eval", StringComparison.Ordinal)).ToList();
        serving.ShouldContain(one =>
            one.Text.Contains("\"serving\"", StringComparison.Ordinal) && one.Text.Contains("config.json", StringComparison.Ordinal)
        );
        foreach (var (name, text) in serving)
            Holds(text).ShouldBeFalse(name);

        static bool Holds(string text) =>
            text.Contains("chaos", StringComparison.OrdinalIgnoreCase) || text.Contains("ServerError", StringComparison.Ordinal);
    }

    [Fact]
    public void Other_faults_are_another_measurement_and_other_pods()
    {
        var (before, pods) = (Step().Identity, Pods(Track.Eval));
        cluster.Agent.Spec.Evals[0].Chaos = Declared(21);
        Step().Identity.ShouldNotBe(before);
        Pods(Track.Eval).ShouldNotBe(pods);
        Pods(Track.Serving).ShouldNotContain("chaos");
        cluster.Agent.Spec.Evals[0].Chaos = null;
        Step().Identity.ShouldNotBe(before);
        cluster.Agent.Spec.Evals[0].Chaos = Declared(20);
        Step().Identity.ShouldBe(before);
    }

    [Fact]
    public void What_passed_under_one_chaos_does_not_pass_under_another()
    {
        cluster.PromoteDeclared();
        cluster.Agent.Spec.Evals[0].Chaos = Declared(90);
        cluster.SetPrompt("v2");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        cluster.Runs.Count(run => run.Spec.Chaos!.Plan == ChaosPlans.Of(cluster.Agent.Spec.Evals[0])!.Id).ShouldBe(1);
        cluster.Served.ShouldNotBe(cluster.Declared);
    }

    [Fact]
    public void A_run_says_under_which_faults_it_is_made_and_its_runner_learns_the_plan()
    {
        var body = EvalPlan.Run(cluster.Observe(), new Revision("abc"), Step(), 1);
        var run = k8s.KubernetesJson.Deserialize<EvalRun>(body.ToJsonString());
        run.Spec.Chaos!.Eval.ShouldBe("outage");
        run.Spec.Chaos.Faults[0].ShouldBe("ServerError/openai 20%");
        cluster.Agent.Spec.Evals[0].Chaos = null;
        EvalPlan.Run(cluster.Observe(), new Revision("abc"), Step(), 1)["spec"]!.AsObject().ContainsKey("chaos").ShouldBeFalse();
    }

    [Fact]
    public void Chaos_needs_a_runner_that_names_its_cases()
    {
        cluster.Suite!.Spec.Builtin = null;
        cluster.Suite.Spec.Job = new JobSuite { Template = (JsonObject)JsonNode.Parse("""{"spec":{"containers":[{"name":"a"}]}}""")! };
        EvalPlan.Problem(cluster.Observe())!.Value.Message.ShouldStartWith("spec.evals[0].chaos: ");
        cluster.Agent.Spec.Evals[0].Chaos = null;
        EvalPlan.Problem(cluster.Observe()).ShouldBeNull();
    }

    [Fact]
    public void The_summary_says_that_an_eval_was_run_under_chaos()
    {
        cluster.PromoteDeclared();
        cluster.Agent.Status!.EvalSummary.ShouldNotBeNull().ShouldEndWith(", 1 of 1 under chaos");
        cluster.Agent.Status.Evals[0].ShouldSatisfyAllConditions(one => one.Chaos.ShouldBe(true), one => one.Eval.ShouldBe("outage"));
        cluster.Agent.Status.Scores[0].Chaos.ShouldBe("outage");
    }

    [Fact]
    public void A_pass_of_which_no_case_met_a_fault_is_none()
    {
        var verdict = new VerdictResult(EvalPhase.Passed, EvalReasons.ScoreCleared, "good", 1, 0.95, 1);
        var results = new EvalResults { Cases = [Case("a"), Case("b")] };
        VerdictWriter
            .Under(verdict, results)
            .ShouldSatisfyAllConditions(
                one => one.Phase.ShouldBe(EvalPhase.Inconclusive),
                one => one.Reason.ShouldBe(EvalReasons.NoFaultMet),
                one => one.Message.ShouldBe("good; under chaos 0 of 2 cases met a fault")
            );
        var met = results with { Cases = [Case("a"), Case("b", "ServerError/openai")] };
        VerdictWriter.Under(verdict, met).Phase.ShouldBe(EvalPhase.Passed);
        VerdictWriter.Under(verdict with { Phase = EvalPhase.Failed }, results).Phase.ShouldBe(EvalPhase.Failed);
    }

    [Fact]
    public void The_status_tells_which_case_met_which_fault_and_is_bounded()
    {
        var cases = Enumerable
            .Range(0, 200)
            .Select(i =>
                Case($"case-{i:000}", "ServerError/openai", "Slow/search_orders") with
                {
                    Outcome = i == 150 ? CaseOutcome.Failed : CaseOutcome.Passed,
                }
            )
            .ToList();
        var status = VerdictWriter.Met(new EvalResults { Cases = [.. cases, Case("lucky")] });
        status.Cases.ShouldBe(200);
        status.Met.Count.ShouldBe(20);
        (status.Met[0].Case, status.Met[1].Case).ShouldBe(("case-150", "case-000"));
        status.Met[0].Faults.ShouldBe(["ServerError/openai", "Slow/search_orders"]);
    }

    private static MeasuredCase Case(string id, params string[] faults) =>
        new()
        {
            Id = id,
            Outcome = CaseOutcome.Passed,
            Score = 1,
            Repeats = 1,
            Faults = faults,
        };

    private EvalStep Step() => EvalPlan.Steps(cluster.Observe(), new Revision("abc"), 0)[0];

    private string Pods(Track track) =>
        PodTemplate.Build(cluster.Observe(), new Revision("abc"), track, Injection.New(cluster.Observe())).ToJsonString();

    private static ChaosSpec Declared(int percent) =>
        new()
        {
            Seed = 7,
            Faults =
            [
                new ChaosFaultSpec
                {
                    Fault = ChaosFaultKind.ServerError,
                    Upstream = "openai",
                    Percent = percent,
                },
                new ChaosFaultSpec
                {
                    Fault = ChaosFaultKind.Slow,
                    Tool = "search_*",
                    Percent = 10,
                },
                new ChaosFaultSpec
                {
                    Fault = ChaosFaultKind.InjectedText,
                    Tool = "search_*",
                    Percent = 10,
                },
            ],
        };

    private GuardrailConfig Written(Track track)
    {
        var configMap = ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), track);
        return JsonSerializer.Deserialize(configMap["data"]!["config.json"]!.GetValue<string>(), ContractsJson.Default.GuardrailConfig)!;
    }
}
