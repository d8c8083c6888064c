using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>What is wrong gets a message that names the field, and the operator stays healthy.</summary>
public sealed class RefusalTests(InstalledOperator installed, ITestOutputHelper output) : IClassFixture<InstalledOperator>
{
    private const string Namespace = "refusals";

    [Theory]
    [InlineData(
        "evals: [{suite: {name: nowhere}, minScore: \"0.9\"}]",
        "",
        "SuiteNotFound",
        "spec.evals[0].suite: EvalSuite refusals/nowhere does not exist"
    )]
    [InlineData("evals: []", "hostNetwork: true", "InvalidSpec", "spec.template.spec.hostNetwork")]
    [InlineData(
        "evals: []",
        "volumes: [{name: v, configMap: {name: missing}}]",
        "ConfigMapNotFound",
        "ConfigMap refusals/missing does not exist"
    )]
    [InlineData("evals: []", "restartPolicy: Sometimes", "ChildRefused", "restartPolicy")]
    public async Task What_cannot_work_is_named_on_the_object(string evals, string pod, string reason, string message)
    {
        await using var watch = new ClusterWatch(installed.Options(output).Kubeconfig);
        var restarts = await RestartsAsync();
        await ApplyAsync("wrong", evals, pod, "gpt-5.4-mini");

        var agent = await WaitAsync(watch, "wrong", $"reason {reason}", agent => Ready(agent)?.Reason == reason);

        Ready(agent)!.Message.ShouldContain(message);
        (await RestartsAsync()).ShouldBe(restarts, "the operator restarted");
        await CommandLine.RunAsync("kubectl", ["-n", Namespace, "delete", "agd", "wrong", "--wait"], null, CancellationToken.None);
    }

    [Fact]
    public async Task A_model_without_a_price_is_refused_with_its_name_and_the_remedy()
    {
        await using var watch = new ClusterWatch(installed.Options(output).Kubeconfig);
        await ApplyAsync("unpriced", "evals: []", "", "acme-unheard-of-1");
        await WaitAsync(watch, "unpriced", "to serve", agent => Ready(agent)?.Status == "True");

        var body = JsonNode.Parse("""{"model":"agent","messages":[{"role":"user","content":"Hello"}]}""");
        var refused = await Should.ThrowAsync<KubernetesApiException>(() =>
            watch.Api.SendAsync(
                HttpMethod.Post,
                $"/api/v1/namespaces/{Namespace}/services/unpriced:80/proxy/v1/chat/completions",
                body,
                "application/json",
                CancellationToken.None
            )
        );

        output.WriteLine(refused.Message);
        ((int)refused.StatusCode).ShouldBe(400);
        refused.Message.ShouldContain("model_not_priced");
        refused.Message.ShouldContain("acme-unheard-of-1");
        await CommandLine.RunAsync("kubectl", ["-n", Namespace, "delete", "agd", "unpriced", "--wait"], null, CancellationToken.None);
    }

    private static Condition? Ready(AgentDeployment agent) =>
        agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == "Ready");

    private static Task<AgentDeployment> WaitAsync(ClusterWatch watch, string name, string what, Func<AgentDeployment, bool> isSo) =>
        watch.WaitAsync(
            watch.Agents,
            new NamespacedName(Namespace, name),
            what,
            isSo,
            TimeSpan.FromMinutes(2),
            agent => agent is null ? "absent" : $"{Ready(agent)?.Reason} {Ready(agent)?.Message}",
            CancellationToken.None
        );

    private static async Task<string> RestartsAsync() =>
        await CommandLine.RunAsync(
            "kubectl",
            [
                "-n",
                SupportStory.OperatorNamespace,
                "get",
                "pods",
                "-o",
                "jsonpath={range .items[*]}{.metadata.name}:{.status.containerStatuses[0].restartCount} {end}",
            ],
            null,
            CancellationToken.None
        );

    private async Task ApplyAsync(string name, string evals, string pod, string model)
    {
        var manifest = $$$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{{Namespace}}}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: AgentDeployment
            metadata: {name: {{{name}}}, namespace: {{{Namespace}}}}
            spec:
              ports: [{name: http, port: 80, targetPort: 8080}]
              template:
                spec:
                  {{{pod}}}
                  containers:
                  - name: agent
                    image: {{{installed.Options(output).Image("SAMPLES_IMAGE")}}}
                    args: [agent]
                    env: [{name: MODEL, value: {{{model}}}}, {name: DOTNET_EnableDiagnostics, value: "0"}]
                    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
              {{{evals}}}
              guardrails:
                upstreams: [{name: openai, format: OpenAI, url: "{{{InstalledOperator.ProviderUrl}}}"}]
            """;
        await CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, CancellationToken.None);
    }
}
