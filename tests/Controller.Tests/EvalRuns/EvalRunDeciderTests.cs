using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>What is observed of a run goes in, the one thing to do comes out.</summary>
public sealed class EvalRunDeciderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly EvalSuite Suite = new()
    {
        Spec = new EvalSuiteSpec
        {
            Builtin = new BuiltinSuite
            {
                Cases = new KeyReference { Name = "cases", Key = "cases.jsonl" },
            },
        },
    };

    [Fact]
    public void A_run_that_is_to_be_deleted_or_is_over_is_left_alone()
    {
        Action(Seen(run => run.Metadata.DeletionTimestamp = Now.UtcDateTime)).ShouldBeOfType<EvalRunAction.Nothing>();
        Action(Seen(run => run.Status = new EvalRunStatus { Phase = EvalPhase.Passed })).ShouldBeOfType<EvalRunAction.Nothing>();
    }

    [Fact]
    public void A_run_whose_agent_is_gone_or_is_another_one_is_collected_even_when_it_is_over()
    {
        Action(Seen() with { AgentUid = null }).ShouldBeOfType<EvalRunAction.Collect>();
        Action(Seen(run => run.Status = new EvalRunStatus { Phase = EvalPhase.Failed }) with { AgentUid = "other" })
            .ShouldBeOfType<EvalRunAction.Collect>();
    }

    [Fact]
    public void Nothing_begins_before_there_is_a_CA_that_a_guardrail_can_trust() =>
        Action(Seen() with { TrustBundle = null }).ShouldBeOfType<EvalRunAction.Nothing>();

    [Fact]
    public void A_run_whose_suite_is_as_it_was_starts() =>
        Action(Seen())
            .ShouldBeOfType<EvalRunAction.Start>()
            .ShouldSatisfyAllConditions(
                start => start.Suite.ShouldBe(Suite.Spec),
                start => start.Began.ShouldBe(Now.UtcDateTime),
                start => start.TrustBundle.ShouldBe("ca")
            );

    [Fact]
    public void A_suite_or_cases_that_changed_or_went_end_the_run()
    {
        foreach (var suite in new[] { new SuiteView(Suite, "other cases"), new SuiteView(Suite, null), new SuiteView(null, null) })
            Verdict(Seen() with { Suite = suite }).Reason.ShouldBe(EvalReasons.SuiteChanged);
    }

    [Fact]
    public void A_suite_that_is_no_longer_lent_what_it_names_starts_nothing()
    {
        var verdict = Verdict(Seen() with { Suite = new SuiteView(Suite, "cases") { NotLent = "spec.builtin.pod: not lent" } });
        (verdict.Phase, verdict.Reason, verdict.Message).ShouldBe((EvalPhase.Error, EvalReasons.NotLent, "spec.builtin.pod: not lent"));
    }

    [Fact]
    public void A_Job_without_a_pod_is_asked_why_and_what_it_said_is_in_the_last_word()
    {
        var job = new JobView(Meta("run"), null);
        var young = EvalRunDecider.Decide(Seen(AtWork) with { Job = job, Now = Now.AddSeconds(4) });
        young.Action.ShouldBeOfType<EvalRunAction.Nothing>();
        young.RequeueAfter.ShouldBe(TimeSpan.FromSeconds(6));

        var old = EvalRunDecider.Decide(Seen(AtWork) with { Job = job, Now = Now.AddSeconds(10) });
        old.Action.ShouldBeOfType<EvalRunAction.AskWhy>().Job.ShouldBe(job.Meta);
        old.RequeueAfter.ShouldBe(RunOutcome.Patience);
        Action(Seen(AtWork) with { Now = Now.AddSeconds(10) }).ShouldBeOfType<EvalRunAction.Nothing>("there is no Job to be asked");

        var refused = Seen(AtWork);
        refused.Run.Status = refused.Run.Status! with { Reason = EvalReasons.RunnerRefused, Message = "exceeded quota" };
        Verdict(refused with { Job = job, Now = Now.AddMinutes(32) }).Message.ShouldEndWith("; exceeded quota");
        var status = Action(refused with { Job = job, Runners = [Runner(Report()) with { Containers = [] }] })
            .ShouldBeOfType<EvalRunAction.Patch>()
            .Status;
        (status.Phase, status.Reason, status.Message).ShouldBe((EvalPhase.Running, "", ""));
    }

    [Fact]
    public void A_run_that_finds_no_place_says_so_once()
    {
        var queued = EvalRunDecider.Queued(Seen().Run, new EvalLimits(10, 4)).ShouldNotBeNull();
        (queued.Phase, queued.Reason).ShouldBe((EvalPhase.Pending, EvalReasons.Queued));
        EvalRunDecider.Queued(Seen(run => run.Status = queued).Run, new EvalLimits(10, 4)).ShouldBeNull();
    }

    [Fact]
    public void An_external_run_waits_for_results_until_its_deadline()
    {
        var status = Action(Seen(External)).ShouldBeOfType<EvalRunAction.Patch>().Status;
        (status.Phase, status.Reason, status.StartedAt).ShouldBe((EvalPhase.Running, EvalReasons.AwaitingSubmission, Now.UtcDateTime));
        status.Message!.ShouldContain("--suite evals/golden --agent shop/support --revision abc");

        EvalRunObservation Waits(int minutes) =>
            Seen(run =>
            {
                External(run);
                run.Status = new EvalRunStatus { Phase = EvalPhase.Running, StartedAt = Now.AddMinutes(-minutes).UtcDateTime };
            });
        EvalRunDecider.Decide(Waits(10)).RequeueAfter.ShouldBe(TimeSpan.FromMinutes(20));
        Verdict(Waits(30)).Reason.ShouldBe(EvalReasons.NotSubmitted);
    }

    [Fact]
    public void A_run_at_work_waits_for_its_runner_and_its_judges_guardrail_follows_the_CA()
    {
        var seen = Seen(AtWork) with { JudgeTrustDigest = TrustBundle.DigestOf("ca") };
        var decision = EvalRunDecider.Decide(seen);
        decision.Action.ShouldBeOfType<EvalRunAction.Nothing>();
        decision.RequeueAfter.ShouldBe(TimeSpan.FromMinutes(30) + RunOutcome.Grace);
        decision.SetTrustBundle.ShouldBeNull();

        EvalRunDecider.Decide(seen with { TrustBundle = "next" }).SetTrustBundle.ShouldBe("next");
        EvalRunDecider.Decide(seen with { TrustBundle = "next", JudgeTrustDigest = null }).SetTrustBundle.ShouldBeNull();
    }

    [Fact]
    public void A_whole_report_is_judged_and_a_Job_that_failed_ends_the_run()
    {
        var judge = Action(Seen(AtWork) with { Job = Job(null), Runners = [Runner(Report())] }).ShouldBeOfType<EvalRunAction.Judge>();
        (judge.Report.Passed, judge.Pod.Meta.Key.Name).ShouldBe((2, "pod"));

        Verdict(Seen(AtWork) with { Job = Job("BackoffLimitExceeded: no") }).Reason.ShouldBe(EvalReasons.RunnerJobFailed);
    }

    [Fact]
    public void Results_that_cannot_be_read_are_tried_again_until_the_time_of_the_run_is_over()
    {
        var run = Seen(AtWork).Run;
        var end = Now.AddMinutes(30) + RunOutcome.Grace;
        EvalRunDecider.Unreadable(run, Runner(Report()), "away", end.AddSeconds(-1)).ShouldBeNull();
        EvalRunDecider.Unreadable(run, Runner(Report()), "away", end)!.Reason.ShouldBe(EvalReasons.LogUnreadable);
    }

    [Fact]
    public void Counts_that_are_not_those_of_the_results_are_an_error_and_no_verdict()
    {
        var results = new EvalResults { Problems = [] };
        EvalRunDecider.Disagreement(Report(), results)!.Reason.ShouldBe(EvalReasons.CountsDisagree);
        EvalRunDecider.Disagreement(Report() with { Passed = 0 }, results).ShouldBeNull();
    }

    private static EvalRunAction Action(EvalRunObservation seen) => EvalRunDecider.Decide(seen).Action;

    private static VerdictResult Verdict(EvalRunObservation seen)
    {
        var verdict = Action(seen).ShouldBeOfType<EvalRunAction.Finish>().Verdict;
        verdict.Phase.ShouldBe(EvalPhase.Error);
        return verdict;
    }

    private static void External(EvalRun run) => run.Spec = run.Spec with { Kind = EvalKind.External };

    private static void AtWork(EvalRun run) => run.Status = new EvalRunStatus { Phase = EvalPhase.Running, StartedAt = Now.UtcDateTime };

    private static EvalRunObservation Seen(Action<EvalRun>? change = null)
    {
        var run = new EvalRun
        {
            Metadata = new V1ObjectMeta
            {
                Name = "run",
                NamespaceProperty = "evals",
                Uid = "run-uid",
            },
            Spec = new EvalRunSpec
            {
                Agent = new NamespacedReference { Namespace = "shop", Name = "support" },
                AgentUid = "agent-uid",
                Revision = "abc",
                Suite = "golden",
                SuiteDigest = SuiteDigest.Of(Suite, "cases"),
                MinScore = "0.90",
                Confidence = "0.95",
                MinCases = 1,
                Deadline = "30m",
            },
        };
        change?.Invoke(run);
        return new EvalRunObservation(run, new SuiteView(Suite, "cases"), Now) { AgentUid = "agent-uid", TrustBundle = "ca" };
    }

    private static ReporterMessage Report() =>
        new()
        {
            Run = "run-uid",
            Digest = "abc",
            Cases = 2,
            Passed = 2,
            Failed = 0,
            Errored = 0,
            Skipped = 0,
        };

    private static PodView Runner(ReporterMessage report) =>
        new(
            Meta("pod"),
            "Succeeded",
            null,
            [
                new ContainerView("runner", null, 0, null, null),
                new ContainerView("agent-readiness-reporter", null, 0, "Completed", report.ToMessage()),
            ]
        );

    private static JobView Job(string? failure) => new(Meta("run"), failure);

    private static Meta Meta(string name) =>
        new(new NamespacedName("evals", name), name, null, new Dictionary<string, string>(), Now, false, "1");
}
