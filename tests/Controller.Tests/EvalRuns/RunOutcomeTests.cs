using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>Whatever runner and reporter do, or do not, only a whole report of this run is read on.</summary>
public sealed class RunOutcomeTests
{
    private const string Digest = "d1";
    private static readonly DateTimeOffset Start = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_report_is_read_on() =>
        Decide(Pod(Report()))
            .ShouldSatisfyAllConditions(
                outcome => outcome.Fault.ShouldBeNull(),
                outcome => outcome.Report!.Passed.ShouldBe(40),
                outcome => outcome.Pod.ShouldNotBeNull()
            );

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"run\":\"run-uid\"")]
    [InlineData("all tests passed!")]
    public void No_report_is_an_error(string? message) => Fault(Pod(message)).Reason.ShouldBe(EvalReasons.NoReport);

    [Fact]
    public void A_report_of_another_run_is_an_error() =>
        Fault(Pod(Report() with { Run = "other" })).Reason.ShouldBe(EvalReasons.ForeignReport);

    [Fact]
    public void A_report_of_other_cases_is_an_error() =>
        Fault(Pod(Report() with { CasesDigest = "d2" })).Reason.ShouldBe(EvalReasons.ForeignCases);

    [Fact]
    public void A_reporter_that_found_nothing_to_read_says_why() =>
        Fault(Pod(Report() with { Reason = EvalReasons.NoResults, Message = "no file" }))
            .ShouldSatisfyAllConditions(
                fault => fault.Phase.ShouldBe(EvalPhase.Error),
                fault => fault.Reason.ShouldBe(EvalReasons.NoResults),
                fault => fault.Message.ShouldBe("no file")
            );

    [Theory]
    [InlineData(137, "OOMKilled")]
    [InlineData(139, "Error")]
    [InlineData(1, "OOMKilled")]
    public void A_runner_that_was_ended_by_a_signal_is_an_error_even_with_a_fine_report(int exitCode, string reason) =>
        Fault(Pod(Report(), exitCode, reason))
            .ShouldSatisfyAllConditions(
                fault => fault.Reason.ShouldBe(EvalReasons.RunnerCrashed),
                fault => fault.Message.ShouldContain(reason)
            );

    [Fact]
    public void A_runner_that_ends_with_an_error_must_have_found_one() =>
        Fault(Pod(Report(), exitCode: 100)).Reason.ShouldBe(EvalReasons.RunnerCrashed);

    [Fact]
    public void Tools_that_end_with_an_error_where_cases_failed_are_read_on() =>
        Decide(Pod(Report() with { Passed = 39, Failed = 1 }, exitCode: 100)).Report.ShouldNotBeNull();

    [Fact]
    public void A_runner_that_did_not_start_is_told_by_its_cause() =>
        Fault(
                Pod(
                    Report() with
                    {
                        Reason = EvalReasons.NoResults,
                    },
                    exitCode: null,
                    waiting: "container runner: ErrImagePull: no such image"
                )
            )
            .ShouldSatisfyAllConditions(
                fault => fault.Reason.ShouldBe(EvalReasons.RunnerNotStarted),
                fault => fault.Message.ShouldContain("ErrImagePull")
            );

    [Fact]
    public void A_Job_that_failed_is_an_error_once_no_pod_of_it_can_still_report()
    {
        var failed = new JobView(Meta("job"), "BackoffLimitExceeded: too often");
        var running = new PodView(
            Meta("pod"),
            "Running",
            null,
            [new ContainerView("runner", null, 100, "Error", null), new ContainerView("agent-readiness-reporter", null, null, null, null)]
        );
        RunOutcome
            .Decide(Run(), failed, [running], Start.AddMinutes(1))
            .ShouldSatisfyAllConditions(outcome => outcome.Fault.ShouldBeNull(), outcome => outcome.RequeueAfter.ShouldNotBeNull());
        RunOutcome.Decide(Run(), failed, [], Start.AddMinutes(1)).Fault!.Message.ShouldContain("BackoffLimitExceeded");
        RunOutcome
            .Decide(Run(), failed, [running with { Phase = "Failed" }], Start.AddMinutes(1))
            .Fault!.Reason.ShouldBe(EvalReasons.RunnerJobFailed);
    }

    [Fact]
    public void A_runner_that_nobody_hears_of_is_given_up_after_the_deadline()
    {
        var waiting = RunOutcome.Decide(Run(), null, [], Start.AddMinutes(10));
        waiting.Fault.ShouldBeNull();
        waiting.RequeueAfter.ShouldBe(TimeSpan.FromMinutes(21));

        RunOutcome.Decide(Run(), null, [], Start.AddMinutes(31)).Fault!.Reason.ShouldBe(EvalReasons.RunnerVanished);
    }

    [Fact]
    public void A_runner_that_its_Job_lets_run_on_exceeded_its_deadline()
    {
        var running = new PodView(Meta("pod"), "Running", null, [new ContainerView("runner", null, null, null, null)]);
        var job = new JobView(Meta("job"), null);

        RunOutcome.Decide(Run(), job, [running], Start.AddMinutes(30)).Fault.ShouldBeNull();
        RunOutcome.Decide(Run(), job, [running], Start.AddMinutes(31)).Fault!.Reason.ShouldBe(EvalReasons.DeadlineExceeded);
        RunOutcome
            .Decide(Run(), job, [running with { Phase = "Failed" }], Start.AddMinutes(31))
            .Fault!.Reason.ShouldBe(EvalReasons.RunnerVanished);
    }

    private static RunOutcome Decide(PodView pod) => RunOutcome.Decide(Run(), new JobView(Meta("job"), null), [pod], Start.AddMinutes(1));

    private static VerdictResult Fault(PodView pod)
    {
        var outcome = Decide(pod);
        outcome.Report.ShouldBeNull();
        outcome.Fault!.Phase.ShouldBe(EvalPhase.Error);
        return outcome.Fault;
    }

    private static PodView Pod(ReporterMessage report, int? exitCode = 0, string? reason = null, string? waiting = null) =>
        Pod(report.ToMessage(), exitCode, reason, waiting);

    private static PodView Pod(string? message, int? exitCode = 0, string? reason = null, string? waiting = null) =>
        new(
            Meta("pod"),
            "Succeeded",
            null,
            [
                new ContainerView("runner", waiting, exitCode, reason, null),
                new ContainerView("agent-readiness-reporter", null, 0, "Completed", message),
            ]
        );

    private static ReporterMessage Report() =>
        new()
        {
            Run = "run-uid",
            CasesDigest = Digest,
            Digest = "abc",
            Cases = 40,
            Passed = 40,
            Failed = 0,
            Errored = 0,
            Skipped = 0,
        };

    private static EvalRun Run() =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = "run",
                NamespaceProperty = "evals",
                Uid = "run-uid",
            },
            Spec = new EvalRunSpec
            {
                MinScore = "0.90",
                Confidence = "0.95",
                MinCases = 10,
                Deadline = "30m",
            },
            Status = new EvalRunStatus
            {
                Phase = EvalPhase.Running,
                StartedAt = Start.UtcDateTime,
                CasesDigest = Digest,
            },
        };

    private static Meta Meta(string name) =>
        new(new NamespacedName("evals", name), name, null, new Dictionary<string, string>(), Start, false, "1");
}
