using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>
/// Rollouts on real pods under load: short requests on new connections the whole time, and runs that last several times as long as
/// the drain. A promotion, and an abort in the middle of the next one, lose no request and cut no run.
/// </summary>
public sealed class RolloutTests(InstalledOperator installed, ITestOutputHelper output) : IClassFixture<InstalledOperator>
{
    private const string Name = "flow";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    /// <summary>Both strategies at once, each in a namespace of its own: most of it is waiting for runs to end.</summary>
    [Fact]
    public async Task A_promotion_and_an_abort_in_the_middle_lose_no_request_and_cut_no_run()
    {
        // Each wait below has a limit of its own that says what it waited for; this one only ends a test that hangs elsewhere.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        var stop = limit.Token;
        await using var watch = new ClusterWatch(installed.Options(output).Kubeconfig);
        await Task.WhenAll(
            RollAsync(watch, "rollouts-bluegreen", "strategy: BlueGreen", "Promoting", stop),
            RollAsync(
                watch,
                "rollouts-canary",
                "strategy: Canary, steps: [{percent: 30, hold: 5s}, {percent: 60, hold: 5s}]",
                "Canary",
                stop
            )
        );
    }

    private async Task RollAsync(ClusterWatch watch, string ns, string strategy, string middle, CancellationToken cancellationToken)
    {
        var flow = new NamespacedName(ns, Name);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--ignore-not-found", "--wait"], null, cancellationToken);
        var served = new ServedRevisions(watch, flow);
        await CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], Manifest(ns, strategy), cancellationToken);
        await PromptAsync(ns, "Be quick.", cancellationToken);
        var first = (await AgentAsync(watch, flow, "the first revision to serve", IsReady, cancellationToken)).Status!.ServingRevision!;

        var quick = await LoadAsync(ns, "quick", "5", "6", "Where is my order #1007?", cancellationToken);
        var slow = await LoadAsync(ns, "slow", "0.5", "30", "[[latency=12s]] Where is my order #1008?", cancellationToken);
        // A run of the slow kind is two model calls of 12 s: five times the drain.
        await PromptAsync(ns, "Be quicker.", cancellationToken);
        var second = (
            await AgentAsync(
                watch,
                flow,
                "the second revision to serve",
                agent => IsReady(agent) && agent.Status!.ServingRevision != first,
                cancellationToken
            )
        )
            .Status!
            .ServingRevision!;
        output.WriteLine($"{ns}: {second} took over from {first}");
        await AgentAsync(watch, flow, "the first revision to drain", agent => agent.Status?.DrainingRevision is null, cancellationToken);
        await GoneAsync(ns, first, cancellationToken);

        await PromptAsync(ns, "Be quickest.", cancellationToken);
        var candidate = (
            await AgentAsync(
                watch,
                flow,
                $"the third revision to be in phase {middle}",
                agent => agent.Status?.Phase == middle && (middle != "Canary" || agent.Status.Canary?.Shared == true),
                cancellationToken
            )
        )
            .Status!
            .CandidateRevision!;
        await CommandLine.RunAsync(
            "kubectl",
            [
                "-n",
                ns,
                "patch",
                "agd",
                Name,
                "--type",
                "merge",
                "-p",
                $"spec: {{rollout: {{decision: {{revision: {candidate}, action: Abort, reason: second thoughts}}}}}}",
            ],
            null,
            cancellationToken
        );
        var aborted = await AgentAsync(
            watch,
            flow,
            "the third revision to be given up",
            agent => Condition(agent, "Stalled")?.Reason == "Aborted",
            cancellationToken
        );
        Condition(aborted, "Stalled")!.Message.ShouldContain("second thoughts");
        // Pods that are deleted while their volumes are being mounted end after two minutes only, by a fault of this kubelet. Where the
        // candidate had traffic, its pods run.
        if (middle == "Canary")
            await GoneAsync(ns, candidate, cancellationToken);

        var stopped = await Task.WhenAll(quick.StopAsync(cancellationToken), slow.StopAsync(cancellationToken));
        var counts = (Quick: stopped[0], Slow: stopped[1]);
        output.WriteLine($"{ns}: quick {counts.Quick}; slow {counts.Slow}");
        counts.Quick.Failed.ShouldBe(0, counts.Quick.FirstError);
        counts.Quick.Ok.ShouldBe(counts.Quick.Sent);
        counts.Quick.Sent.ShouldBeGreaterThan(100);
        counts.Slow.Failed.ShouldBe(0, counts.Slow.FirstError);
        counts.Slow.Ok.ShouldBe(counts.Slow.Sent);
        counts.Slow.Sent.ShouldBeGreaterThan(10);
        served.Verify(watch);
        if (middle == "Promoting")
            served.All.ShouldNotContain(candidate, "it had no traffic yet");
        (
            await AgentAsync(
                watch,
                flow,
                "the second revision to serve on",
                agent => Condition(agent, "Serving")?.Status == "True",
                cancellationToken
            )
        ).Status!.ServingRevision.ShouldBe(second);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", ns, "--wait=false"], null, cancellationToken);
    }

    private Task<LoadPod> LoadAsync(
        string ns,
        string name,
        string rate,
        string concurrency,
        string message,
        CancellationToken cancellationToken
    ) =>
        LoadPod.StartAsync(
            ns,
            name,
            installed.Options(output).Image("SAMPLES_IMAGE"),
            [
                "--url",
                $"http://{Name}/v1/chat/completions",
                "--rate",
                rate,
                "--concurrency",
                concurrency,
                "--message",
                message,
                "--fresh-connections",
            ],
            cancellationToken
        );

    private static Task GoneAsync(string ns, string revision, CancellationToken cancellationToken) =>
        CommandLine.RunAsync(
            "kubectl",
            ["-n", ns, "wait", "--for=delete", "pod", "-l", $"agentreadiness.dev/revision={revision}", "--timeout=150s"],
            null,
            cancellationToken
        );

    private static Task PromptAsync(string ns, string text, CancellationToken cancellationToken) =>
        CommandLine.RunAsync(
            "kubectl",
            ["apply", "-f", "-"],
            $$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: flow-prompt, namespace: {{ns}}}
            data:
              prompt.txt: |
                You are the support agent of a web shop. {{text}}
                For every question about an order call lookup_order and answer from its result.
                Decline whatever has nothing to do with the shop.
            """,
            cancellationToken
        );

    private static Task<AgentDeployment> AgentAsync(
        ClusterWatch watch,
        NamespacedName flow,
        string what,
        Func<AgentDeployment, bool> isSo,
        CancellationToken cancellationToken
    ) =>
        watch.WaitAsync(
            watch.Agents,
            flow,
            what,
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
            cancellationToken
        );

    private static bool IsReady(AgentDeployment agent) =>
        Condition(agent, "Ready") is { Status: "True" } && agent.Status!.CandidateRevision is null;

    private static Condition? Condition(AgentDeployment agent, string type) =>
        agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private string Manifest(string ns, string strategy) =>
        $$$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{{ns}}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: openai
              namespace: {{{ns}}}
              annotations:
                agentreadiness.dev/hosts: {{{InstalledOperator.ProviderHost}}}
            stringData: {api-key: sample-provider-key}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: cases, namespace: {{{ns}}}}
            data:
              cases.jsonl: |
                {{{Cases()}}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: smoke, namespace: {{{ns}}}}
            spec: {builtin: {cases: {name: cases, key: cases.jsonl} } }
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: AgentDeployment
            metadata: {name: {{{Name}}}, namespace: {{{ns}}}}
            spec:
              replicas: 2
              ports: [{name: http, port: 80, targetPort: 8080}]
              template:
                spec:
                  terminationGracePeriodSeconds: 120
                  containers:
                  - name: agent
                    image: {{{installed.Options(output).Image("SAMPLES_IMAGE")}}}
                    args: [agent]
                    env:
                    - {name: MODEL, value: gpt-5.4-mini}
                    - {name: PROMPT_FILE, value: /prompt/prompt.txt}
                    - {name: DOTNET_EnableDiagnostics, value: "0"}
                    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
                    volumeMounts: [{name: prompt, mountPath: /prompt, readOnly: true}]
                  volumes: [{name: prompt, configMap: {name: flow-prompt}}]
              rollout: {drain: 5s, {{{strategy}}}}
              evals: [{suite: {name: smoke}, minScore: "0.7"}]
              guardrails:
                upstreams:
                - {name: openai, format: OpenAI, url: "{{{InstalledOperator.ProviderUrl}}}", insecure: true,
                    credentials: {secretRef: {name: openai, key: api-key} } }
            """;

    // Indented as the block scalar that they go into.
    private static string Cases() =>
        string.Join(
            "\n    ",
            Enumerable
                .Range(1001, 12)
                .Select(order =>
                    "{"
                    + $"\"id\": \"order-{order}\", \"input\": \"Where is my order #{order}?\", \"expect\": "
                    + "{"
                    + $"\"contains\": \"order #{order} is\""
                    + "} }"
                )
        );
}
