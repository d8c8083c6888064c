using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using AgentReadiness.Story;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>Suites that other tools measure: as Jobs of any image, and from outside. What misbehaves ends in Error and blocks.</summary>
[Collection(InstalledOperator.Collection)]
public sealed class SuiteTests(InstalledOperator installed, ITestOutputHelper output)
{
    private static int count;

    // Of each test's own: what one leaves behind takes its time to go, and no test waits for another's.
    private readonly string ns = $"suites-{Interlocked.Increment(ref count)}";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

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
            output.WriteLine($"{format}: {run.Message}");
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
            outcomes[manner] = await EndedAsync(watch, manner, stop);
        }
        foreach (var (manner, status) in outcomes)
            output.WriteLine($"{manner}: {status.Reason} {status.Message}");
        outcomes.ShouldAllBe(entry => entry.Value.Phase == EvalPhase.Error);
        outcomes["crash"].Reason.ShouldBe(EvalReasons.RunnerCrashed);
        outcomes["hang"].Reason.ShouldBeOneOf(EvalReasons.DeadlineExceeded, EvalReasons.RunnerJobFailed, EvalReasons.RunnerCrashed);
        outcomes["half"].Reason.ShouldBe(EvalReasons.ResultsUnreadable);
        outcomes["nothing"].Reason.ShouldBe(EvalReasons.NoResults);
        outcomes["lie"].Reason.ShouldBe(EvalReasons.CountsDisagree);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--wait=false"], null, stop);
    }

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
            metadata: {name: ci, namespace: {{ns}}}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: other, namespace: {{ns}}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: outside, namespace: {{ns}}}
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
        watch.Agents.Get(new NamespacedName(ns, "tooled"))!.View.Status!.ServingRevision.ShouldBeNull();

        var taken = await SubmitAsync("ci", revision, Results(40, 0), stop);
        output.WriteLine(taken.Output + taken.Error);
        taken.Code.ShouldBe(0, taken.Error);
        JsonNode.Parse(taken.Output)!["verdict"]!.GetValue<string>().ShouldBe("Passed");
        await AgentAsync(watch, "tooled", "to serve", agent => Condition(agent, "Ready")?.Status == "True", stop);
        (await SubmitAsync("ci", revision, Results(40, 40), stop)).ShouldSatisfyAllConditions(
            late => late.Code.ShouldBe(5),
            late => late.Error.ShouldContain("has its verdict")
        );
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--wait=false"], null, stop);
    }

    [Fact]
    public async Task A_judge_has_a_guardrail_and_an_account_of_its_own_and_what_serves_is_measured_again()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(7));
        var stop = limit.Token;
        await using var watch = await BeginAsync(stop);
        var cases = string.Join(
            "\n    ",
            Enumerable
                .Range(1001, 12)
                .Select(order =>
                    $"- {{id: order-{order}, input: 'Where is my order #{order}?', tags: [orders], expect: {{contains: 'order #{order} "
                    + $"is', judge: {{rubric: 'Must mention: order'}} }} }}"
                )
        );
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: judged-cases, namespace: {{ns}}}
            data:
              cases.yaml: |
                {{cases}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: judged, namespace: {{ns}}}
            spec:
              builtin:
                cases: {name: judged-cases, key: cases.yaml}
                judge:
                  url: http://model-provider.model-provider.svc/v1
                  model: gpt-5.4-mini
                  votes: 3
                  credentials: {secretRef: {name: openai, key: api-key} }
            ---

            """
                + Agent("tooled", "judged")
                    .Replace(
                        "minScore: \"0.7\"",
                        "minScore: \"0.7\", repeats: {min: 2, max: 3}, reevaluateEvery: 1m",
                        StringComparison.Ordinal
                    ),
            stop
        );
        var ready = await AgentAsync(watch, "tooled", "to serve", agent => Condition(agent, "Ready")?.Status == "True", stop);
        var run = watch.Runs.List().Single(entry => entry.Key.Namespace == ns).View;
        output.WriteLine(run.Status!.Message);
        run.Status.ShouldSatisfyAllConditions(
            status => status.Phase.ShouldBe(EvalPhase.Passed),
            status => status.Cases.ShouldBe(12),
            status => status.Format.ShouldBe("native")
        );
        var judge = watch
            .Ledgers.Get(new NamespacedName(SupportStory.OperatorNamespace, $"{ns}.tooled.judge-{ready.Status!.ServingRevision}"))
            ?.View.Status;
        judge.ShouldNotBeNull("the judge spends from an account of its own");
        var spent = judge.Limits.ShouldHaveSingleItem();
        output.WriteLine($"judge: {spent.Settled} USD/tokens settled, {spent.Unproven} unproven");
        spent.MaxCost.ShouldBe(AgentReadiness.Api.Money.Parse("1"));
        spent.Settled.Cost.Amount.ShouldBeGreaterThan(0);
        spent.Unproven.Cost.Amount.ShouldBe(0, "its guardrail ended by itself, and closed its account");

        var again = await AgentAsync(
            watch,
            "tooled",
            "to be measured again",
            agent => agent.Status!.Scores is [{ Purpose: EvalPurpose.Drift }, ..],
            stop
        );
        again.Status!.Scores[0].Phase.ShouldBe(EvalPhase.Passed);
        Condition(again, "Ready")!.Status.ShouldBe("True");
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--wait=false"], null, stop);
    }

    private async Task<ClusterWatch> BeginAsync(CancellationToken stop)
    {
        var options = installed.Options(output);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--ignore-not-found", "--wait"], null, stop);
        foreach (var file in (string[])["namespaces.yaml", "provider.yaml"])
        {
            await ApplyAsync(
                (await File.ReadAllTextAsync(Path.Combine(options.Root, "docs", "samples", "support", file), stop)).Replace(
                    "${SAMPLES_IMAGE}",
                    options.Image("SAMPLES_IMAGE"),
                    StringComparison.Ordinal
                ),
                stop
            );
        }
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", "model-provider", "rollout", "status", "deployment/model-provider", "--timeout=120s"],
            null,
            stop
        );
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{ns}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: openai, namespace: {{ns}}}
            stringData: {api-key: sample-provider-key}
            """,
            stop
        );
        return new ClusterWatch(options.Kubeconfig);
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
        CancellationToken stop
    )
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, results, stop);
            var start = new ProcessStartInfo(Path.Combine(installed.Options(output).Root, "artifacts", "bin", "kubectl-agents"))
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
                        $"{ns}/outside",
                        "--agent",
                        $"{ns}/tooled",
                        "--revision",
                        revision,
                        "--service-account",
                        $"{ns}/{account}",
                        "--kubeconfig",
                        installed.Options(output).Kubeconfig,
                    ]
            )
            {
                start.ArgumentList.Add(argument);
            }
            using var process = Process.Start(start)!;
            var text = process.StandardOutput.ReadToEndAsync(stop);
            var error = await process.StandardError.ReadToEndAsync(stop);
            await process.WaitForExitAsync(stop);
            return (process.ExitCode, await text, error);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private Task<AgentDeployment> AgentAsync(
        ClusterWatch watch,
        string name,
        string what,
        Func<AgentDeployment, bool> isSo,
        CancellationToken stop
    ) =>
        watch.WaitAsync(
            watch.Agents,
            new NamespacedName(ns, name),
            $"{name} {what}",
            isSo,
            Long,
            agent =>
                agent?.Status is null
                    ? "without status"
                    : $"{agent.Status.Phase}, "
                        + string.Join(
                            "; ",
                            agent.Status.Conditions.Select(condition =>
                                $"{condition.Type}={condition.Status} {condition.Reason} {condition.Message}"
                            )
                        ),
            stop
        );

    /// <summary>The end of a suite's only run. The agent's news may come before the run's: they are two watches.</summary>
    private async Task<EvalRunStatus> EndedAsync(ClusterWatch watch, string suite, CancellationToken stop)
    {
        var name = watch.Runs.List().Single(entry => entry.Key.Namespace == ns && entry.View.Spec.Suite == suite).Key;
        var run = await watch.WaitAsync(
            watch.Runs,
            name,
            $"the run of {suite} to end",
            seen => seen.Status?.FinishedAt is not null,
            Long,
            seen => $"{seen?.Status?.Phase}",
            stop
        );
        return run.Status!;
    }

    private static Condition? Condition(AgentDeployment agent, string type) =>
        agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private static Task ApplyAsync(string manifest, CancellationToken stop) =>
        CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, stop);

    private string Suite(string name, string arguments) =>
        $$"""
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: {{name}}, namespace: {{ns}}}
            spec:
              attempts: 1
              job:
                template:
                  spec:
                    automountServiceAccountToken: false
                    securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault} }
                    containers:
                    - name: tool
                      image: {{installed.Options(output).Image("SAMPLES_IMAGE")}}
                      args: [runner, {{arguments}}]
                      env: [{name: DOTNET_EnableDiagnostics, value: "0"}]
                      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]} }
            ---

            """;

    private string Agent(string name, params string[] suites)
    {
        var evals = new StringBuilder();
        foreach (var suite in suites)
            evals.Append($"  - {{suite: {{name: {suite}}}, minScore: \"0.7\"{(suite == "hang" ? ", deadline: 8s" : "")}}}\n");
        return $$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: tooled-prompt, namespace: {{ns}}}
            data:
              prompt.txt: |
                You are the support agent of a web shop.
                For every question about an order call lookup_order and answer from its result.
                Decline whatever has nothing to do with the shop.
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: AgentDeployment
            metadata: {name: {{name}}, namespace: {{ns}}}
            spec:
              replicas: 1
              ports: [{name: http, port: 80, targetPort: 8080}]
              template:
                spec:
                  containers:
                  - name: agent
                    image: {{installed.Options(output).Image("SAMPLES_IMAGE")}}
                    args: [agent]
                    env:
                    - {name: MODEL, value: gpt-5.4-mini}
                    - {name: PROMPT_FILE, value: /prompt/prompt.txt}
                    - {name: DOTNET_EnableDiagnostics, value: "0"}
                    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
                    volumeMounts: [{name: prompt, mountPath: /prompt, readOnly: true}]
                  volumes: [{name: prompt, configMap: {name: tooled-prompt} }]
              guardrails:
                upstreams:
                - {name: openai, format: OpenAI, url: "http://model-provider.model-provider.svc/v1",
                    credentials: {secretRef: {name: openai, key: api-key} } }
              evals:
            {{evals}}
            """;
    }
}
