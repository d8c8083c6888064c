using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Evals;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>Suites that other tools measure, as Jobs of any image. What misbehaves ends in Error and blocks.</summary>
public sealed class JobSuiteTests(InstalledOperator installed, ITestOutputHelper output) : SuiteWorld("suites-jobs", installed, output)
{
    [Fact]
    public async Task Results_of_any_tool_let_a_revision_through_and_runners_that_misbehave_do_not()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var stop = limit.Token;
        await using var watch = await BeginAsync(stop);

        // 20,000 cases do not fit into the reporter's message: they are read from its log.
        await ApplyAsync(
            Suite("promptfoo", "promptfoo, '20000'")
                + Suite("inspect", "inspect")
                + Suite("junit", "junit")
                + Agent("tooled", "promptfoo", "inspect", "junit"),
            stop
        );
        var ready = await AgentAsync(watch, "tooled", "to serve", agent => Condition(agent, "Ready")?.Status == "True", stop);
        foreach (var format in (string[])["promptfoo", "inspect", "junit"])
        {
            var run = await EndedAsync(watch, format, stop);
            Options.Say($"{format}: {run.Message}");
            run.ShouldSatisfyAllConditions(
                status => status.Phase.ShouldBe(EvalPhase.Passed),
                status => status.Format.ShouldBe(format),
                status => status.Cases.ShouldBe(format == "promptfoo" ? 20_000 : 12),
                status => status.Kept!.Value.ShouldBeGreaterThan(0)
            );
        }
        ready.Status!.Scores.Count.ShouldBe(3);

        string[] manners = ["crash", "hang", "half", "nothing", "lie"];
        await ApplyAsync(
            string.Concat(manners.Select(manner => Suite(manner, $"promptfoo, '12', {manner}") + Agent(manner, manner) + "\n---\n")),
            stop
        );
        var outcomes = new Dictionary<string, EvalRunStatus>();
        foreach (var manner in manners)
        {
            var stalled = await AgentAsync(
                watch,
                manner,
                "to be held",
                agent => Condition(agent, "Stalled")?.Reason == "EvalsErrored",
                stop
            );
            stalled.Status!.ServingRevision.ShouldBeNull();
            var status = outcomes[manner] = await EndedAsync(watch, manner, stop);
            Options.Say($"{manner}: {status.Reason} {status.Message}");
        }
        outcomes.ShouldAllBe(entry => entry.Value.Phase == EvalPhase.Error);
        outcomes["crash"].Reason.ShouldBe(EvalReasons.RunnerCrashed);
        outcomes["hang"].Reason.ShouldBeOneOf(EvalReasons.DeadlineExceeded, EvalReasons.RunnerJobFailed, EvalReasons.RunnerCrashed);
        outcomes["half"].Reason.ShouldBe(EvalReasons.ResultsUnreadable);
        outcomes["nothing"].Reason.ShouldBe(EvalReasons.NoResults);
        outcomes["lie"].Reason.ShouldBe(EvalReasons.CountsDisagree);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Ns, "--wait=false"], null, stop);
    }

    /// <summary>The end of a suite's only run. The agent's news may come before the run's: they are two watches.</summary>
    private async Task<EvalRunStatus> EndedAsync(ClusterWatch watch, string suite, CancellationToken cancellationToken)
    {
        var name = watch.Runs.List().Single(entry => entry.Key.Namespace == Ns && entry.View.Spec.Suite == suite).Key;
        var run = await watch.WaitAsync(
            watch.Runs,
            name,
            $"the run of {suite} to end",
            seen => seen.Status?.FinishedAt is not null,
            Patience,
            seen => $"{seen?.Status?.Phase}",
            cancellationToken
        );
        return run.Status!;
    }

    private string Suite(string name, string arguments) =>
        $$"""
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: {{name}}, namespace: {{Ns}}}
            spec:
              attempts: 1
              job:
                template:
                  spec:
                    automountServiceAccountToken: false
                    securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault} }
                    containers:
                    - name: tool
                      image: {{Options.Image("SAMPLES_IMAGE")}}
                      args: [runner, {{arguments}}]
                      env: [{name: DOTNET_EnableDiagnostics, value: "0"}]
                      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]} }
            ---

            """;
}
