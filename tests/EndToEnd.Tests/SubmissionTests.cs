using System.Diagnostics;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>Suites that are measured outside of the cluster, whose results CI submits.</summary>
public sealed class SubmissionTests(InstalledOperator installed, ITestOutputHelper output)
    : SuiteWorld("suites-external", installed, output)
{
    [Fact]
    public async Task CI_submits_for_the_revision_that_waits_and_nobody_else_does()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var stop = limit.Token;
        await using var watch = await BeginAsync(stop);
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: ci, namespace: {{Ns}}}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: other, namespace: {{Ns}}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: outside, namespace: {{Ns}}}
            spec: {external: {serviceAccounts: [{name: ci}] } }
            ---

            """ + Agent("tooled", "outside"),
            stop
        );
        var waiting = await AgentAsync(
            watch,
            "tooled",
            "to wait for results",
            agent => agent.Status?.Evals is [{ Phase: EvalPhase.Running }, ..],
            stop
        );
        var revision = waiting.Status!.CandidateRevision!;
        waiting.Status.Evals[0].Message!.ShouldContain("kubectl agents evals submit");

        (await SubmitAsync("other", revision, Results(40, 0), stop)).ShouldSatisfyAllConditions(
            refused => refused.Code.ShouldBe(5),
            refused => refused.Error.ShouldContain("not listed")
        );
        (await SubmitAsync("ci", "0123456789abcde", Results(40, 0), stop)).Code.ShouldBe(5, "another revision");
        (
            await SubmitAsync("ci", revision, "{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": [", stop)
        ).ShouldSatisfyAllConditions(broken => broken.Code.ShouldBe(5), broken => broken.Error.ShouldContain("ResultsUnreadable"));
        watch.Agents.Get(new NamespacedName(Ns, "tooled"))!.View.Status!.ServingRevision.ShouldBeNull();

        var taken = await SubmitAsync("ci", revision, Results(40, 0), stop);
        Options.Say(taken.Output + taken.Error);
        taken.Code.ShouldBe(0, taken.Error);
        JsonNode.Parse(taken.Output)!["verdict"]!.GetValue<string>().ShouldBe("Passed");
        await AgentAsync(watch, "tooled", "to serve", agent => Condition(agent, "Ready")?.Status == "True", stop);
        (await SubmitAsync("ci", revision, Results(40, 40), stop)).ShouldSatisfyAllConditions(
            late => late.Code.ShouldBe(5),
            late => late.Error.ShouldContain("has its verdict")
        );
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Ns, "--wait=false"], null, stop);
    }

    private static string Results(int cases, int failing) =>
        new JsonObject
        {
            ["format"] = "agentreadiness.dev/results/v1",
            ["cases"] = new JsonArray([
                .. Enumerable.Range(0, cases).Select(index => new JsonObject { ["id"] = $"case-{index}", ["passed"] = index >= failing }),
            ]),
        }.ToJsonString();

    private async Task<(int Code, string Output, string Error)> SubmitAsync(
        string account,
        string revision,
        string results,
        CancellationToken cancellationToken
    )
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, results, cancellationToken);
            var start = new ProcessStartInfo(Path.Combine(Options.Root, "artifacts", "bin", "kubectl-agents"))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (
                var argument in (string[])
                    [
                        "evals",
                        "submit",
                        file,
                        "--suite",
                        $"{Ns}/outside",
                        "--agent",
                        $"{Ns}/tooled",
                        "--revision",
                        revision,
                        "--service-account",
                        $"{Ns}/{account}",
                        "--kubeconfig",
                        Options.Kubeconfig,
                    ]
            )
            {
                start.ArgumentList.Add(argument);
            }
            using var process = Process.Start(start)!;
            var text = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = await process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await text, error);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
