using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>What tests of suites share: a namespace of their own with an agent whose suites are in it too.</summary>
public abstract class SuiteWorld(string ns, InstalledOperator installed, ITestOutputHelper output) : IClassFixture<InstalledOperator>
{
    /// <summary>How long a test waits for a step of a rollout.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>The namespace.</summary>
    protected string Ns => ns;

    /// <summary>The cluster, the images, and where the test says what it sees.</summary>
    protected StoryOptions Options => installed.Options(output);

    protected async Task<ClusterWatch> BeginAsync(CancellationToken cancellationToken)
    {
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Ns, "--ignore-not-found", "--wait"], null, cancellationToken);
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{Ns}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: openai
              namespace: {{Ns}}
              annotations:
                agentreadiness.dev/hosts: {{InstalledOperator.ProviderHost}}
            stringData: {api-key: sample-provider-key}
            """,
            cancellationToken
        );
        return new ClusterWatch(Options.Kubeconfig);
    }

    protected Task<AgentDeployment> AgentAsync(
        ClusterWatch watch,
        string name,
        string what,
        Func<AgentDeployment, bool> isSo,
        CancellationToken cancellationToken
    ) =>
        watch.WaitAsync(
            watch.Agents,
            new NamespacedName(Ns, name),
            $"{name} {what}",
            isSo,
            Patience,
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

    protected static Condition? Condition(AgentDeployment agent, string type) =>
        agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    protected static Task ApplyAsync(string manifest, CancellationToken cancellationToken) =>
        CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, cancellationToken);

    protected string Agent(string name, params string[] suites)
    {
        var evals = new StringBuilder();
        foreach (var suite in suites)
            evals.Append($"  - {{suite: {{name: {suite}}}, minScore: \"0.7\"{(suite == "hang" ? ", deadline: 8s" : "")}}}\n");
        return $$"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: tooled-prompt, namespace: {{Ns}}}
            data:
              prompt.txt: |
                You are the support agent of a web shop.
                For every question about an order call lookup_order and answer from its result.
                Decline whatever has nothing to do with the shop.
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: AgentDeployment
            metadata: {name: {{name}}, namespace: {{Ns}}}
            spec:
              replicas: 1
              ports: [{name: http, port: 80, targetPort: 8080}]
              template:
                spec:
                  containers:
                  - name: agent
                    image: {{Options.Image("SAMPLES_IMAGE")}}
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
                - {name: openai, format: OpenAI, url: "{{InstalledOperator.ProviderUrl}}", insecure: true,
                    credentials: {secretRef: {name: openai, key: api-key} } }
              evals:
            {{evals}}
            """;
    }
}
