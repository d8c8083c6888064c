using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Views;
using AgentReadiness.Runtime;
using k8s.Models;
using Shouldly;
using Xunit;

namespace AgentReadiness.Controller.Tests;

/// <summary>Whatever the runner does, or does not, only a whole report of this run can pass.</summary>
public sealed class RunOutcomeTests
{
    private const string Digest = "d1";
    private static readonly DateTimeOffset Start = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_report_is_judged() =>
        Decide(Ended(Report(passed: 40))).Verdict!.Phase.ShouldBe(EvalPhase.Passed);

    [Theory]
    [InlineData(null, "NoReport")]
    [InlineData("", "NoReport")]
    [InlineData("{\"run\":\"run-uid\"", "NoReport")]
    [InlineData("all tests passed!", "NoReport")]
    public void No_report_is_an_error(string? message, string reason) => Decide(Ended(message)).Verdict!.ShouldSatisfyAllConditions(
        verdict => verdict.Phase.ShouldBe(EvalPhase.Error),
        verdict => verdict.Reason.ShouldBe(reason));

    [Fact]
    public void A_report_of_another_run_is_an_error() =>
        Decide(Ended(Report(passed: 40, run: "other"))).Verdict!.Reason.ShouldBe("ForeignReport");

    [Fact]
    public void A_report_of_other_cases_is_an_error() =>
        Decide(Ended(Report(passed: 40).Replace(Digest, "d2", StringComparison.Ordinal))).Verdict!.Reason.ShouldBe("ForeignCases");

    [Fact]
    public void A_runner_that_crashed_is_an_error_even_with_a_fine_report() =>
        Decide(Ended(Report(passed: 40), exitCode: 137, reason: "OOMKilled")).Verdict!.ShouldSatisfyAllConditions(
            verdict => verdict.Reason.ShouldBe("RunnerCrashed"),
            verdict => verdict.Message.ShouldContain("OOMKilled"));

    [Fact]
    public void A_report_that_lies_about_its_count_is_an_error() =>
        Decide(Ended(Report(passed: 40, cases: 41))).Verdict!.Phase.ShouldBe(EvalPhase.Error);

    [Fact]
    public void A_failed_Job_is_an_error_with_its_cause() => RunOutcome.Decide(Run(), new JobView(Meta("job"), "DeadlineExceeded: too long"), [], Start).Verdict!.Message.ShouldContain("DeadlineExceeded");

    [Fact]
    public void A_runner_that_nobody_hears_of_is_given_up_after_the_deadline()
    {
        var waiting = RunOutcome.Decide(Run(), null, [], Start.AddMinutes(10));
        waiting.Verdict.ShouldBeNull();
        waiting.LookAgainAfter.ShouldBe(TimeSpan.FromMinutes(21));

        RunOutcome.Decide(Run(), null, [], Start.AddMinutes(31)).Verdict!.Reason.ShouldBe("RunnerVanished");
    }

    private static RunOutcome Decide(PodView pod) => RunOutcome.Decide(Run(), new JobView(Meta("job"), null), [pod], Start.AddMinutes(1));

    private static PodView Ended(string? message, int exitCode = 0, string? reason = null) =>
        new(Meta("pod"), "Succeeded", null, [new ContainerView("runner", null, exitCode, reason, message)]);

    private static string Report(int passed, int? cases = null, string run = "run-uid") =>
        $$"""{"run":"{{run}}","casesDigest":"{{Digest}}","cases":{{cases ?? passed}},"passed":{{passed}},"failed":0,"errored":0}""";

    private static EvalRun Run() => new()
    {
        Metadata = new V1ObjectMeta { Name = "run", NamespaceProperty = "evals", Uid = "run-uid" },
        Spec = new EvalRunSpec { MinScore = "0.90", Confidence = "0.95", MinCases = 10, Deadline = "30m" },
        Status = new EvalRunStatus { Phase = EvalPhase.Running, StartedAt = Start.UtcDateTime, CasesDigest = Digest },
    };

    private static Meta Meta(string name) => new(new NamespacedName("evals", name), name, null, new Dictionary<string, string>(), Start, false, "1");
}
