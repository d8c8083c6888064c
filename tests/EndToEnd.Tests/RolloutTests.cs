using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using AgentReadiness.Story;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>
/// Rollouts on real pods under load: short requests on new connections the whole time, and runs that last several times as long as
/// the drain. A promotion, and an abort in the middle of the next one, lose no request and cut no run.
/// </summary>
[Collection(InstalledOperator.Collection)]
public sealed class RolloutTests(InstalledOperator installed, ITestOutputHelper output)
{
    private const string Namespace = "rollouts";
    private const string Name = "flow";
    private static readonly NamespacedName Flow = new(Namespace, Name);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("strategy: BlueGreen", "Promoting")]
    [InlineData("strategy: Canary, steps: [{percent: 30, hold: 5s}, {percent: 60, hold: 5s}]", "Canary")]
    public async Task A_promotion_and_an_abort_in_the_middle_lose_no_request_and_cut_no_run(string strategy, string middle)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(9));
        var stop = limit.Token;
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Namespace, "--ignore-not-found", "--wait"], null, stop);
        await using var watch = new ClusterWatch(installed.Options(output).Kubeconfig);
        var served = new ServedRevisions(watch, Flow);
        await ApplyAsync("namespaces.yaml", stop);
        await ApplyAsync("provider.yaml", stop);
        await CommandLine.RunAsync("kubectl", ["-n", "model-provider", "rollout", "status", "deployment/model-provider", "--timeout=120s"], null, stop);
        await CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], Manifest(strategy), stop);
        await PromptAsync("Be quick.", stop);
        var first = (await AgentAsync(watch, "the first revision to serve", IsReady, stop)).Status!.ServingRevision!;

        var quick = await LoadAsync("quick", "5", "6", "Where is my order #1007?", stop);
        var slow = await LoadAsync("slow", "0.5", "30", "[[latency=12s]] Where is my order #1008?", stop);
        // A run of the slow kind is two model calls of 12 s: five times the drain.
        await PromptAsync("Be quicker.", stop);
        var second = (await AgentAsync(watch, "the second revision to serve", agent => IsReady(agent) && agent.Status!.ServingRevision != first, stop)).Status!.ServingRevision!;
        output.WriteLine($"{second} took over from {first}");
        await AgentAsync(watch, "the first revision to drain", agent => agent.Status?.DrainingRevision is null, stop);
        await GoneAsync(first, stop);

        await PromptAsync("Be quickest.", stop);
        var candidate = (await AgentAsync(watch, $"the third revision to be in phase {middle}", agent => agent.Status?.Phase == middle
            && (middle != "Canary" || agent.Status.Canary?.Shared == true), stop)).Status!.CandidateRevision!;
        await CommandLine.RunAsync("kubectl", ["-n", Namespace, "patch", "agd", Name, "--type", "merge", "-p",
            $"spec: {{rollout: {{decision: {{revision: {candidate}, action: Abort, reason: second thoughts}}}}}}"], null, stop);
        var aborted = await AgentAsync(watch, "the third revision to be given up", agent => Condition(agent, "Stalled")?.Reason == "Aborted", stop);
        Condition(aborted, "Stalled")!.Message.ShouldContain("second thoughts");
        await GoneAsync(candidate, stop);

        var counts = (Quick: await quick.StopAsync(stop), Slow: await slow.StopAsync(stop));
        output.WriteLine($"quick {counts.Quick}; slow {counts.Slow}");
        counts.Quick.Failed.ShouldBe(0, counts.Quick.FirstError);
        counts.Quick.Ok.ShouldBe(counts.Quick.Sent);
        counts.Quick.Sent.ShouldBeGreaterThan(100);
        counts.Slow.Failed.ShouldBe(0, counts.Slow.FirstError);
        counts.Slow.Ok.ShouldBe(counts.Slow.Sent);
        counts.Slow.Sent.ShouldBeGreaterThan(10);
        served.Verify(watch);
        if (middle == "Promoting")
            served.All.ShouldNotContain(candidate, "it had no traffic yet");
        (await AgentAsync(watch, "the second revision to serve on", agent => Condition(agent, "Serving")?.Status == "True", stop)).Status!.ServingRevision.ShouldBe(second);
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Namespace, "--wait"], null, stop);
    }

    private Task<LoadPod> LoadAsync(string name, string rate, string concurrency, string message, CancellationToken stop) =>
        LoadPod.StartAsync(Namespace, name, installed.Options(output).Image("SAMPLES_IMAGE"),
            ["--url", $"http://{Name}/v1/chat/completions", "--rate", rate, "--concurrency", concurrency, "--message", message, "--fresh-connections"], stop);

    private static Task GoneAsync(string revision, CancellationToken stop) => CommandLine.RunAsync("kubectl",
        ["-n", Namespace, "wait", "--for=delete", "pod", "-l", $"agentreadiness.dev/revision={revision}", "--timeout=150s"], null, stop);

    private static Task PromptAsync(string text, CancellationToken stop) => CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: flow-prompt, namespace: {{Namespace}}}
        data:
          prompt.txt: |
            You are the support agent of a web shop. {{text}}
            For every question about an order call lookup_order and answer from its result.
            Decline whatever has nothing to do with the shop.
        """, stop);

    private Task ApplyAsync(string file, CancellationToken stop)
    {
        var options = installed.Options(output);
        return CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], File.ReadAllText(Path.Combine(options.Root, "docs", "samples", "support", file))
            .Replace("${SAMPLES_IMAGE}", options.Image("SAMPLES_IMAGE"), StringComparison.Ordinal), stop);
    }

    private static Task<AgentDeployment> AgentAsync(ClusterWatch watch, string what, Func<AgentDeployment, bool> isSo, CancellationToken stop) =>
        watch.WaitAsync(watch.Agents, Flow, what, isSo, Long, agent => agent?.Status is null ? "without status"
            : $"{agent.Status.Phase}, {string.Join("; ", agent.Status.Conditions.Select(condition => $"{condition.Type}={condition.Status} {condition.Reason} {condition.Message}"))}", stop);

    private static bool IsReady(AgentDeployment agent) => Condition(agent, "Ready") is { Status: "True" } && agent.Status!.CandidateRevision is null;

    private static Condition? Condition(AgentDeployment agent, string type) => agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private string Manifest(string strategy) => $$$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{{Namespace}}}}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: openai, namespace: {{{Namespace}}}}
        stringData: {api-key: sample-provider-key}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: cases, namespace: {{{Namespace}}}}
        data:
          cases.jsonl: |
            {{{Cases()}}}
        ---
        apiVersion: agentreadiness.dev/v1alpha1
        kind: EvalSuite
        metadata: {name: smoke, namespace: {{{Namespace}}}}
        spec: {builtin: {cases: {name: cases, key: cases.jsonl} } }
        ---
        apiVersion: agentreadiness.dev/v1alpha1
        kind: AgentDeployment
        metadata: {name: {{{Name}}}, namespace: {{{Namespace}}}}
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
            - {name: openai, format: OpenAI, url: "http://model-provider.model-provider.svc/v1", credentials: {secretRef: {name: openai, key: api-key} } }
        """;

    // Indented as the block scalar that they go into.
    private static string Cases() => string.Join("\n    ", Enumerable.Range(1001, 12)
        .Select(order => "{" + $"\"id\": \"order-{order}\", \"input\": \"Where is my order #{order}?\", \"expect\": " + "{" + $"\"contains\": \"order #{order} is\"" + "} }"));
}
