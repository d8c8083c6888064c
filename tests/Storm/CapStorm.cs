using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.Storm;

/// <summary>Three agents of four pods with 64 streams each against one shared budget, while what serves it is ended at random.</summary>
internal sealed class CapStorm(StoryOptions options, StormCard card, Random random) : IAsyncDisposable
{
    private const string Ns = "storm";
    private const string Budget = "team";
    private const int Agents = 3;
    private const int Pods = 4;
    private const int Streams = 64;
    private const int OutputLimit = 60;

    // A call of some eight seconds in 19 events: what two cores can stream 768 times at once.
    private const string Message = "[[tokens=60]] [[pace=400ms]] Where is my order?";

    // Until every pod is there the storm waits behind a small cap.
    private static readonly Money Calm = Money.Parse("0.05");
    private static readonly Money Cap = Money.Parse("1");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(60);

    // gpt-5.4-mini: the output limit, and each byte of a request of less than 400 a token.
    private static readonly Money MostPerCall = new((OutputLimit * 4.5e-6m) + (400 * 0.75e-6m));

    private readonly ClusterWatch watch = new(options.Kubeconfig);
    private readonly PodProcesses processes = new();
    private int lost;

    private static NamespacedName Ledger => new(SupportStory.OperatorNamespace, $"{Ns}.{Budget}.shared");

    public async Task<StormResult> RunAsync(CancellationToken cancellationToken)
    {
        options.Step($"{card}: {Agents} agents × {Pods} pods × {Streams} streams against one budget of ${Cap}");
        await ResetAsync(cancellationToken);
        await StartAsync(cancellationToken);
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            List<Task> chaos = [Forever(KillPodAsync, BetweenKills, over.Token), Forever(KillOperatorAsync, 4 * BetweenKills, over.Token)];
            var told = Task.WhenAll(
                LedgerAsync("the budget to be exhausted", IsSpent, cancellationToken),
                card == StormCard.Kill ? CutAsync(cancellationToken) : Task.CompletedTask
            );
            await Task.WhenAny([told, .. chaos.Select(Fails)]);
            await over.CancelAsync();
            await Task.WhenAll(chaos.Select(Ends));
            await told;
        }
        options.Say("the budget is exhausted; everybody closes");
        await CommandLine.RunAsync("kubectl", ["-n", Ns, "delete", "agd", "--all", "--wait=false"], null, cancellationToken);
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", Ns, "wait", "--for=delete", "pod", "-l", $"{Names.ManagedByLabel}={Names.Operator}", "--timeout=300s"],
            null,
            cancellationToken
        );
        var ledger = (
            await LedgerAsync(
                "every account to close",
                ledger =>
                    ledger.Status is { } status
                    && status.Holders.All(holder => holder.Closed == true)
                    && status.Limits.All(limit => limit.Outstanding.IsZero),
                cancellationToken
            )
        ).Status!;
        var limit = ledger.Limits.Single(limit => limit.Last is null);
        var witness = await ProviderWitness.ReadAsync(cancellationToken);
        options.Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"provider: ${witness.Completed} over {witness.CompletedCalls} calls, ${witness.Aborted} over {witness.AbortedCalls} cut "
                    + $"off; ledger: ${limit.Settled.Cost} settled, ${limit.Unproven.Cost} unproven"
            )
        );
        // What a lost guardrail can leave: the calls in flight at their upper bound, and what it was granted beyond: 1 % of the cap at
        // most.
        var bound = new Money(lost * ((Streams * MostPerCall.Amount) + (Cap.Amount / 100m)));
        return new StormResult(Cap, witness.Completed + witness.Aborted, limit.Settled.Cost + limit.Unproven.Cost, bound, lost);
    }

    public async ValueTask DisposeAsync()
    {
        await processes.JoinAllAsync();
        await watch.DisposeAsync();
    }

    private static async Task ResetAsync(CancellationToken cancellationToken)
    {
        await CommandLine.RunAsync(
            "kubectl",
            ["delete", "namespace", Ns, "model-provider", "--ignore-not-found", "--wait"],
            null,
            cancellationToken
        );
        await CommandLine.RunAsync(
            "kubectl",
            [
                "-n",
                SupportStory.OperatorNamespace,
                "delete",
                "bgl",
                "--ignore-not-found",
                "--wait",
                "-l",
                $"{Names.AgentNamespaceLabel}={Ns}",
            ],
            null,
            cancellationToken
        );
        // Whoever remembers a ledger that is gone takes the money lent to it for lost; this storm is not about deleted ledgers.
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", SupportStory.OperatorNamespace, "rollout", "restart", "deployment", "agent-readiness-operator"],
            null,
            cancellationToken
        );
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", SupportStory.OperatorNamespace, "rollout", "status", "deployment", "agent-readiness-operator", "--timeout=180s"],
            null,
            cancellationToken
        );
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var sample = (
            await File.ReadAllTextAsync(Path.Combine(options.Root, "docs", "samples", "support", "provider.yaml"), cancellationToken)
        ).Replace("${SAMPLES_IMAGE}", options.Image("SAMPLES_IMAGE"), StringComparison.Ordinal);
        await ApplyAsync(
            $$$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: model-provider}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{{Ns}}}}
            ---
            {{{sample}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: openai
              namespace: {{{Ns}}}
              annotations: {agentreadiness.dev/hosts: "http://model-provider.model-provider.svc"}
            stringData: {api-key: sample-provider-key}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: AgentBudget
            metadata: {name: {{{Budget}}}, namespace: {{{Ns}}}}
            spec:
              windows: [{period: Total, maxCost: "{{{Calm}}}", onExhausted: Block}]
            """,
            cancellationToken
        );
        for (var agent = 0; agent < Agents; agent++)
        {
            await ApplyAsync(
                $$$"""
                apiVersion: agentreadiness.dev/v1alpha1
                kind: AgentDeployment
                metadata: {name: burner-{{{agent}}}, namespace: {{{Ns}}}}
                spec:
                  replicas: {{{Pods}}}
                  ports: [{name: http, port: 80, targetPort: 8080}]
                  template:
                    spec:
                      terminationGracePeriodSeconds: 240
                      automountServiceAccountToken: false
                      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
                      containers:
                      - name: agent
                        image: {{{options.Image("SAMPLES_IMAGE")}}}
                        args: [burner, --streams, "{{{Streams}}}", --limit, "{{{OutputLimit}}}", --message, "{{{Message}}}"]
                        env: [{name: MODEL, value: gpt-5.4-mini}, {name: DOTNET_EnableDiagnostics, value: "0"}]
                        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
                        resources: {requests: {cpu: 50m, memory: 64Mi}}
                        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
                  budget:
                    sharedBudgets: [{{{Budget}}}]
                  guardrails:
                    upstreams:
                    - name: openai
                      format: OpenAI
                      url: http://model-provider.model-provider.svc/v1
                      insecure: true
                      credentials:
                        secretRef: {name: openai, key: api-key}
                """,
                cancellationToken
            );
        }
        for (var agent = 0; agent < Agents; agent++)
        {
            await watch.WaitAsync(
                watch.Agents,
                new NamespacedName(Ns, $"burner-{agent}"),
                "its pods",
                one => one.Status?.ReadyReplicas == Pods,
                Long,
                one => $"{one?.Status?.Phase}, {one?.Status?.ReadyReplicas ?? 0} of {Pods} pods ready",
                cancellationToken
            );
        }
        await LedgerAsync(
            "every agent to spend",
            ledger => ledger.Status?.Holders.Select(holder => holder.Pod).Distinct().Count() == Agents,
            cancellationToken
        );
        await CommandLine.RunAsync(
            "kubectl",
            [
                "-n",
                Ns,
                "patch",
                "agb",
                Budget,
                "--type=json",
                "-p",
                $$"""[{"op": "replace", "path": "/spec/windows/0/maxCost", "value": "{{Cap}}"}]""",
            ],
            null,
            cancellationToken
        );
        options.Say($"every pod is there and every agent spends; the cap is raised to ${Cap}");
    }

    // Of the cap that counts, not of the one that the storm waited behind.
    private static bool IsSpent(BudgetLedger ledger) =>
        ledger.Status is { Exhausted: true } status
        && status.Limits.Any(limit => limit.Last is null && limit.MaxCost == Cap && limit.Exhausted == true);

    private async Task KillPodAsync(CancellationToken cancellationToken)
    {
        var pods = await PodsAsync(Ns, $"{Names.ManagedByLabel}={Names.Operator}", cancellationToken);
        if (pods.Count == 0)
            return;
        var pod = pods[random.Next(pods.Count)];
        if (card == StormCard.Term)
        {
            options.Say($"SIGTERM to pod {pod.Name}");
            await CommandLine.RunAsync(
                "kubectl",
                ["-n", Ns, "delete", "pod", pod.Name, "--wait=false", "--ignore-not-found"],
                null,
                cancellationToken
            );
            return;
        }
        var whole = random.Next(2) == 0;
        if (processes.Kill(pod.Uid, whole ? null : "guardrail") == 0)
            return;
        lost++;
        options.Say($"SIGKILL to {(whole ? "all of" : "the guardrail of")} pod {pod.Name}");
        if (whole)
            await CommandLine.RunAsync(
                "kubectl",
                ["-n", Ns, "delete", "pod", pod.Name, "--grace-period=0", "--force", "--wait=false", "--ignore-not-found"],
                null,
                cancellationToken
            );
    }

    private async Task KillOperatorAsync(CancellationToken cancellationToken)
    {
        var pods = await PodsAsync(SupportStory.OperatorNamespace, "app.kubernetes.io/name=agent-readiness-operator", cancellationToken);
        if (pods.Count == 0)
            return;
        var pod = pods[random.Next(pods.Count)];
        options.Say($"{(card == StormCard.Kill ? "SIGKILL" : "SIGTERM")} to operator {pod.Name}");
        if (card == StormCard.Kill)
            processes.Kill(pod.Uid, null);
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", SupportStory.OperatorNamespace, "delete", "pod", pod.Name, "--wait=false", "--ignore-not-found"],
            null,
            cancellationToken
        );
    }

    private async Task CutAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(BetweenKills, cancellationToken);
        options.Say($"the network between guardrails and operator is cut for {Cut.TotalSeconds:0} s");
        var began = TimeProvider.System.GetTimestamp();
        var service = JsonNode.Parse(
            await CommandLine.RunAsync(
                "kubectl",
                ["-n", SupportStory.OperatorNamespace, "get", "service", "-o", "json"],
                null,
                cancellationToken
            )
        )!["items"]!
            .AsArray()
            .Select(item => item!["spec"]!["clusterIP"]!.GetValue<string>())
            .Where(ip => ip != "None")
            .ToList();
        try
        {
            while (TimeProvider.System.GetElapsedTime(began) < Cut)
            {
                var operators = await PodsAsync(
                    SupportStory.OperatorNamespace,
                    "app.kubernetes.io/name=agent-readiness-operator",
                    cancellationToken
                );
                foreach (var pod in await PodsAsync(Ns, $"{Names.ManagedByLabel}={Names.Operator}", cancellationToken))
                    await processes.CutAsync(pod.Uid, [.. service, .. operators.Select(one => one.Ip).OfType<string>()]);
                // Pods that come meanwhile are cut off as well.
                await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            }
        }
        finally
        {
            await processes.JoinAllAsync();
            options.Say("the network is whole again");
        }
    }

    private static async Task Forever(Func<CancellationToken, Task> act, TimeSpan pause, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(pause, cancellationToken);
            await act(cancellationToken);
        }
    }

    // Chaos that cannot be made is no storm.
    private static async Task Fails(Task chaos)
    {
        try
        {
            await chaos;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        await Task.Delay(Timeout.Infinite);
    }

    private static async Task Ends(Task chaos)
    {
        try
        {
            await chaos;
        }
        catch (OperationCanceledException)
        {
            // As told.
        }
    }

    private static async Task<List<(string Name, string Uid, string? Ip)>> PodsAsync(
        string ns,
        string selector,
        CancellationToken cancellationToken
    )
    {
        var text = await CommandLine.RunAsync(
            "kubectl",
            ["-n", ns, "get", "pods", "-l", selector, "--field-selector", "status.phase=Running", "-o", "json"],
            null,
            cancellationToken
        );
        return
        [
            .. JsonNode.Parse(text)!["items"]!
                .AsArray()
                .Where(pod => pod!["metadata"]!["deletionTimestamp"] is null)
                .Select(pod =>
                    (
                        pod!["metadata"]!["name"]!.GetValue<string>(),
                        pod["metadata"]!["uid"]!.GetValue<string>(),
                        pod["status"]?["podIP"]?.GetValue<string>()
                    )
                ),
        ];
    }

    private static Task ApplyAsync(string manifest, CancellationToken cancellationToken) =>
        CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, cancellationToken);

    private Task<BudgetLedger> LedgerAsync(string what, Func<BudgetLedger, bool> isSo, CancellationToken cancellationToken) =>
        watch.WaitAsync(
            watch.Ledgers,
            Ledger,
            what,
            isSo,
            Long,
            ledger =>
                ledger?.Status is { } status
                    ? string.Join(
                        ", ",
                        status.Limits.Select(limit =>
                            $"{limit.Budget} settled {limit.Settled}, unproven {limit.Unproven}, outstanding {limit.Outstanding}, "
                            + $"exhausted {limit.Exhausted}"
                        )
                    )
                    : "absent",
            cancellationToken
        );
}
