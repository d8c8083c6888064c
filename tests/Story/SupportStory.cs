using AgentReadiness.Api;
using AgentReadiness.Api.Conditions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Story;

/// <summary>Where the story runs and how it is told.</summary>
public sealed record StoryOptions
{
    /// <summary>The repository's root.</summary>
    public required string Root { get; init; }

    /// <summary>The kubeconfig.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>Images by the name of their variable: OPERATOR_IMAGE, GUARDRAIL_IMAGE, EVAL_RUNNER_IMAGE, SAMPLES_IMAGE.</summary>
    public required Func<string, string> Image { get; init; }

    /// <summary>Told at the begin of a step.</summary>
    public required Action<string> Step { get; init; }

    /// <summary>Told while a step goes on.</summary>
    public required Action<string> Say { get; init; }

    /// <summary>Called in the middle of steps 2, 3 and 4, with the moment's name: a test kills the operator here.</summary>
    public Func<string, CancellationToken, Task> Disturb { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Reads the settings that `make images` left in the environment.</summary>
    public static StoryOptions FromEnvironment(Action<string> step, Action<string> say)
    {
        static string Text(string name) =>
            Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
                ? value
                : throw new StoryException($"{name} is not set: run this through make");
        return new StoryOptions
        {
            Root = Repository.PathOf(),
            Kubeconfig = Text("KUBECONFIG"),
            Image = Text,
            Step = step,
            Say = say,
        };
    }
}

/// <summary>A platform team's whole story on a real cluster: gate, guard, meter. Throws where it is not as told.</summary>
public sealed class SupportStory : IAsyncDisposable
{
    /// <summary>The operator's namespace.</summary>
    public const string OperatorNamespace = "agent-readiness-system";

    private const string Shop = "shop";
    private const string Cap = "1.50";
    private const string RaisedCap = "50";
    private const string Runaway = "hal-9000";
    private static readonly NamespacedName Support = new(Shop, "support");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    private readonly StoryOptions options;
    private readonly ClusterWatch watch;
    private readonly ServedRevisions served;

    /// <summary>Creates the story; the operator must be installed.</summary>
    public SupportStory(StoryOptions options)
    {
        this.options = options;
        watch = new ClusterWatch(options.Kubeconfig);
        served = new ServedRevisions(watch, Support);
    }

    /// <summary>Installs the operator with Helm, as a user does.</summary>
    public static async Task InstallAsync(StoryOptions options, CancellationToken cancellationToken, int replicas = 1)
    {
        options.Step("Install the operator with Helm");
        var arguments = new List<string>
        {
            "upgrade",
            "--install",
            "agent-readiness-operator",
            Path.Combine(options.Root, "charts", "agent-readiness-operator"),
            "--namespace",
            OperatorNamespace,
            "--create-namespace",
            "--wait",
            "--timeout",
            "3m",
            "--set",
            $"replicaCount={replicas}",
            // A server before 1.25 does not know CEL rules, and its server-side apply refuses what it does not know.
            "--server-side=false",
            "--disable-openapi-validation",
        };
        foreach (
            var (value, variable) in new[]
            {
                ("operator", "OPERATOR_IMAGE"),
                ("guardrail", "GUARDRAIL_IMAGE"),
                ("evalRunner", "EVAL_RUNNER_IMAGE"),
            }
        )
        {
            var image = options.Image(variable);
            var tag = image.LastIndexOf(':');
            arguments.AddRange([
                "--set-string",
                $"images.{value}.repository={image[..tag]}",
                "--set-string",
                $"images.{value}.tag={image[(tag + 1)..]}",
            ]);
        }
        await CommandLine.RunAsync("helm", arguments, null, cancellationToken);
        options.Say(await CommandLine.RunAsync("kubectl", ["-n", OperatorNamespace, "get", "pods"], null, cancellationToken));
    }

    /// <summary>Removes what an earlier story left, ledgers included: a ledger outlives its agent on purpose.</summary>
    public static async Task ResetAsync(StoryOptions options, CancellationToken cancellationToken)
    {
        await CommandLine.RunAsync(
            "kubectl",
            ["delete", "namespace", Shop, "agent-evals", "model-provider", "--ignore-not-found", "--wait"],
            null,
            cancellationToken
        );
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", OperatorNamespace, "delete", "bgl", "--ignore-not-found", "--wait", "-l", $"{Names.AgentNamespaceLabel}={Shop}"],
            null,
            cancellationToken
        );
    }

    /// <summary>Removes what an earlier story left and tells it.</summary>
    public static async Task TellAgainAsync(StoryOptions options, TimeSpan limit)
    {
        using var expiry = new CancellationTokenSource(limit);
        await ResetAsync(options, expiry.Token);
        await using var story = new SupportStory(options);
        await story.TellAsync(expiry.Token);
    }

    /// <summary>Tells the whole story.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        var first = await FirstRevisionAsync(cancellationToken);
        options.Say("starting a client that sends requests the whole time");
        var client = await LoadPod.StartAsync(
            Shop,
            "client",
            options.Image("SAMPLES_IMAGE"),
            [
                "--url",
                "http://support/v1/chat/completions",
                "--rate",
                "5",
                "--concurrency",
                "4",
                "--message",
                "Where is my order #1007?",
                "--fresh-connections",
                "--tag",
                "customer=acme",
            ],
            cancellationToken
        );
        await WorsePromptAsync(first, cancellationToken);
        await FixedPromptAsync(first, cancellationToken);
        options.Say("waiting for the client's last answers");
        var counted = await client.StopAsync(cancellationToken);
        Expect(counted.Sent > 20, $"the client sent {counted.Sent} requests");
        Expect(
            counted.Failed == 0 && counted.Ok == counted.Sent,
            $"the client lost {counted.Failed} of {counted.Sent} requests: {counted.FirstError}"
        );
        options.Say($"the client sent {counted.Sent} requests through both rollouts and lost none");
        served.Verify(watch);

        await RunawayAsync(cancellationToken);
        await RaisedCapAsync(cancellationToken);
        served.Verify(watch);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => watch.DisposeAsync();

    private async Task<string> FirstRevisionAsync(CancellationToken cancellationToken)
    {
        options.Step("1. An AgentDeployment is applied: nothing serves until its evals pass");
        await ApplyAsync("namespaces.yaml", cancellationToken);
        foreach (var file in (string[])["provider.yaml", "cases.yaml", "prompt-good.yaml"])
            await ApplyAsync(file, cancellationToken);
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", "model-provider", "rollout", "status", "deployment/model-provider", "--timeout=120s"],
            null,
            cancellationToken
        );
        await ApplyAsync("agent.yaml", cancellationToken);

        var evaluating = await AgentAsync("the evaluation to begin", agent => agent.Status?.Phase == Phases.Evaluating, cancellationToken);
        options.Say(
            $"revision {evaluating.Status!.CandidateRevision} is a candidate; the Service \"support\" has "
                + $"{watch.Endpoints.Get(Support)?.View.Pods.Count ?? 0} endpoints"
        );
        Expect((watch.Endpoints.Get(Support)?.View.Pods.Count ?? 0) == 0, "the Service has endpoints before any eval passed");
        var ready = await AgentAsync("the first revision to serve", IsReady, cancellationToken);
        served.Verify(watch);
        options.Say($"evals: {ready.Status!.Evals[0].Message}");
        options.Say($"answer: {await AskAsync("Where is my order #1007?", cancellationToken)}");
        return ready.Status.ServingRevision!;
    }

    private async Task WorsePromptAsync(string first, CancellationToken cancellationToken)
    {
        options.Step("2. A worse prompt is applied: it is evaluated, fails, and is never served");
        await ApplyAsync("prompt-worse.yaml", cancellationToken);
        var candidate = await AgentAsync(
            "the worse prompt to become a candidate",
            agent => agent.Status?.CandidateRevision is not null,
            cancellationToken
        );
        await RunAsync(
            "its evaluation to run",
            run => run.Spec.Revision == candidate.Status!.CandidateRevision && run.Status?.Phase == EvalPhase.Running,
            cancellationToken
        );
        await options.Disturb("worse prompt under evaluation", cancellationToken);
        var failed = await AgentAsync(
            "the worse prompt to fail",
            agent => Condition(agent, ConditionTypes.Stalled)?.Reason == Reasons.EvalsFailed,
            cancellationToken
        );
        var verdict = failed.Status!.Evals[0];
        Expect(failed.Status.ServingRevision == first, $"revision {failed.Status.ServingRevision} serves instead of {first}");
        Expect(Condition(failed, ConditionTypes.Serving)?.Status == "True", "the last good revision does not serve");
        Expect(
            verdict.Phase == EvalPhase.Failed && verdict.Score is not null && verdict.Failing.Count > 0,
            "score and failing cases are missing"
        );
        Expect(verdict.Message!.Contains("0.900", StringComparison.Ordinal), $"the threshold is missing: {verdict.Message}");
        Expect(!served.All.Contains(failed.Status.CandidateRevision!), "the failed revision was served");
        options.Say(Condition(failed, ConditionTypes.Stalled)!.Message);
    }

    private async Task FixedPromptAsync(string first, CancellationToken cancellationToken)
    {
        options.Step("3. A fixed prompt is applied: it passes and takes over");
        await ApplyAsync("prompt-fixed.yaml", cancellationToken);
        await AgentAsync(
            "the fixed prompt to pass",
            agent => agent.Status is { Phase: Phases.Promoting } or { Phase: Phases.Serving },
            cancellationToken
        );
        await options.Disturb("fixed prompt under promotion", cancellationToken);
        var ready = await AgentAsync(
            "the fixed prompt to serve",
            agent => IsReady(agent) && agent.Status!.ServingRevision != first,
            cancellationToken
        );
        options.Say($"revision {ready.Status!.ServingRevision} took over from {first}: {ready.Status.Evals[0].Message}");
        // The client goes on until the old revision is gone: a request lost while it drains is lost.
        await AgentAsync("the old revision to drain", agent => agent.Status?.DrainingRevision is null, cancellationToken);
        await CommandLine.RunAsync(
            "kubectl",
            [
                "-n",
                Shop,
                "wait",
                "--for=jsonpath={.status.availableReplicas}=3",
                "--timeout=120s",
                $"deployment/support-{ready.Status.ServingRevision}",
            ],
            null,
            cancellationToken
        );
        await PodsGoneAsync(
            "the old revision's pods to end",
            pod => pod.Labels.GetValueOrDefault(Names.RevisionLabel) == first,
            cancellationToken
        );
    }

    private async Task RunawayAsync(CancellationToken cancellationToken)
    {
        options.Step($"4. A runaway loop burns money from three pods: spend stops at the cap of ${Cap} a day");
        options.Say("starting the client");
        // Directives of the sample provider: always another tool call, 1,500 output tokens each, a token of latency.
        var client = await LoadPod.StartAsync(
            Shop,
            "runaway",
            options.Image("SAMPLES_IMAGE"),
            [
                "--url",
                "http://support/v1/chat/completions",
                "--rate",
                "30",
                "--concurrency",
                "24",
                "--message",
                "[[loop]] [[tokens=1500]] [[latency=300ms]] Where is my order #1001?",
                "--fresh-connections",
                "--tag",
                $"customer={Runaway}",
            ],
            cancellationToken
        );
        var burning = Money.Parse(Cap).Amount / 2;
        await LedgerAsync("half of the cap to burn", ledger => Spend(ledger).Settled.Amount > burning, cancellationToken);
        options.Say("half of the cap is burnt");
        await options.Disturb("runaway loop", cancellationToken);
        var exhausted = await AgentAsync(
            "the budget to be exhausted",
            agent => Condition(agent, ConditionTypes.WithinBudget) is { Status: "False" },
            cancellationToken
        );
        options.Say(Condition(exhausted, ConditionTypes.WithinBudget)!.Message);
        Expect(exhausted.Spec.Replicas == 3, $"spec.replicas was written: {exhausted.Spec.Replicas}");
        await AgentAsync("the pods to go", agent => agent.Status is { Phase: Phases.Exhausted, Replicas: 0 }, cancellationToken);
        await PodsGoneAsync(
            "the serving pods to end: each finishes the calls that it has in flight",
            pod => pod.Labels.GetValueOrDefault(Names.TrackLabel) == Names.ServingTrack,
            cancellationToken
        );
        options.Say("ending the client");
        await client.KillAsync(cancellationToken);

        var ledger = (
            await LedgerAsync(
                "every holder to close",
                ledger => ledger.Status is { } status && status.Holders.All(holder => holder.Closed == true),
                cancellationToken
            )
        );
        var spent = Spend(ledger).Settled + Spend(ledger).Unproven;
        Expect(spent <= Money.Parse(Cap), $"${spent} were spent of ${Cap}");
        Expect(spent.Amount > Money.Parse(Cap).Amount * 0.9m, $"only ${spent} of ${Cap} were spent when the budget was called exhausted");
        VerifyAttribution(exhausted, ledger, spent);
        await VerifyLedgersAsync(cancellationToken);
        var events = await CommandLine.RunAsync(
            "kubectl",
            ["-n", Shop, "get", "events", "--field-selector", "involvedObject.kind=AgentDeployment,reason=BudgetExhausted", "-o", "name"],
            null,
            cancellationToken
        );
        Expect(events.Trim().Length > 0, "no event says that the budget is exhausted");
    }

    // No guardrail died, so what customers spent is told to the last digit; and the status names the one who ran away.
    private void VerifyAttribution(AgentDeployment exhausted, BudgetLedger ledger, Money spent)
    {
        var customers =
            ledger
                .Status!.Limits.Single(limit => limit is { Last: null, Shared: not true })
                .Spend?.By.FirstOrDefault(by => by.Name == "customer")
                ?.Values
            ?? [];
        Expect(
            Money.Sum(customers.Select(customer => customer.Cost)) == spent,
            $"the customers' spend is not ${spent}: {string.Join(", ", customers)}"
        );
        Expect(customers is [{ Value: Runaway }, ..], $"the first customer is not {Runaway}: {string.Join(", ", customers)}");
        var row = exhausted.Status!.Budget[0];
        Expect(
            row.Top.Any(top => top is { By: "customer", Value: Runaway }) && row.PerCall is { Count: > 0 } && row.PerRun is { Count: > 0 },
            $"the status does not tell who spent what: {row}"
        );
        options.Say(
            $"by customer: {string.Join(", ", customers.Select(customer => $"{customer.Value} ${customer.Cost.ToDisplay()}"))}; a call "
                + $"cost ${row.PerCall!.Median} (median), ${row.PerCall.P95} (p95), "
                + $"${row.PerCall.Max} (most), a run ${row.PerRun!.Median}, ${row.PerRun.P95}, ${row.PerRun.Max}"
        );
    }

    private async Task RaisedCapAsync(CancellationToken cancellationToken)
    {
        options.Step($"5. The cap is raised to ${RaisedCap}: the agent serves again");
        await ApplyAsync("agent.yaml", cancellationToken, RaisedCap);
        var ready = await AgentAsync(
            "the agent to serve again",
            agent => IsReady(agent) && Condition(agent, ConditionTypes.WithinBudget)?.Status == "True",
            cancellationToken
        );
        options.Say(
            $"{Condition(ready, ConditionTypes.Ready)!.Message}; answer: {await AskAsync("Where is my order #1008?", cancellationToken)}"
        );
    }

    // The provider's own count is the witness: all ledgers of the agent, its evals' included, hold to the last digit what it completed. The
    // window above its evaluations lends to them and holds the same money once more.
    private async Task VerifyLedgersAsync(CancellationToken cancellationToken)
    {
        var witness = await ProviderWitness.ReadAsync(cancellationToken);
        var ledgers = watch
            .Ledgers.List()
            .Select(entry => entry.View)
            .Where(ledger =>
                ledger.Spec is { Namespace: Shop, Account: LedgerAccount.Serving or LedgerAccount.Evals or LedgerAccount.Judge }
            )
            .ToList();
        var settled = Money.Sum(ledgers.Select(ledger => Spend(ledger).Settled));
        var unproven = Money.Sum(ledgers.Select(ledger => Spend(ledger).Unproven));
        options.Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"ledgers: ${settled} settled, ${unproven} unproven; provider: ${witness.Completed} over {witness.CompletedCalls} calls, "
                    + $"${witness.Aborted} over {witness.AbortedCalls} cut off"
            )
        );
        Expect(settled == witness.Completed, $"the ledgers hold ${settled} settled, the provider counted ${witness.Completed}");
        Expect(
            unproven >= witness.Aborted,
            $"the provider billed ${witness.Aborted} for calls that were cut off, the ledgers hold only ${unproven} unproven"
        );
    }

    private static (Money Settled, Money Unproven) Spend(BudgetLedger ledger) =>
        ledger.Status?.Limits.FirstOrDefault(limit => limit is { Last: null, Shared: not true }) is { } limit
            ? (limit.Settled.Cost, limit.Unproven.Cost)
            : default;

    private async Task<string> AskAsync(string question, CancellationToken cancellationToken)
    {
        var body = JsonNode.Parse($$"""{"model":"agent","messages":[{"role":"user","content":"{{question}}"}]}""");
        var answer = await watch.Api.SendAsync(
            HttpMethod.Post,
            $"/api/v1/namespaces/{Shop}/services/support:80/proxy/v1/chat/completions",
            body,
            "application/json",
            cancellationToken
        );
        return answer["choices"]![0]!["message"]!["content"]!.GetValue<string>();
    }

    private Task ApplyAsync(string file, CancellationToken cancellationToken, string cap = Cap) =>
        ApplyTextAsync(
            File.ReadAllText(Path.Combine(options.Root, "docs", "samples", "support", file))
                .Replace("${SAMPLES_IMAGE}", options.Image("SAMPLES_IMAGE"), StringComparison.Ordinal)
                .Replace("${CAP}", cap, StringComparison.Ordinal),
            cancellationToken
        );

    private static Task ApplyTextAsync(string manifest, CancellationToken cancellationToken) =>
        CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, cancellationToken);

    private Task<AgentDeployment> AgentAsync(string what, Func<AgentDeployment, bool> isSo, CancellationToken cancellationToken)
    {
        options.Say($"waiting for {what}");
        return watch.WaitAsync(
            watch.Agents,
            Support,
            what,
            isSo,
            Long,
            agent =>
                agent?.Status is null
                    ? "agent: without status"
                    : $"agent: {agent.Status.Phase}; {Condition(agent, "Ready")?.Message} "
                        + $"({agent.Status.ReadyReplicas} of {agent.Status.Replicas} pods ready)",
            cancellationToken,
            options.Say
        );
    }

    private Task<BudgetLedger> LedgerAsync(string what, Func<BudgetLedger, bool> isSo, CancellationToken cancellationToken)
    {
        options.Say($"waiting for {what}");
        return watch.WaitAsync(
            watch.Ledgers,
            new NamespacedName(OperatorNamespace, $"{Shop}.support"),
            what,
            isSo,
            Long,
            ledger =>
                ledger?.Status is null
                    ? "ledger: empty"
                    : $"ledger: ${Spend(ledger).Settled.ToDisplay()} settled, "
                        + $"{ledger.Status.Holders.Count(holder => holder.Closed != true)} pods hold money",
            cancellationToken,
            options.Say
        );
    }

    /// <summary>Waits until the pods that a selector names are gone, and tells how many are left.</summary>
    private async Task PodsGoneAsync(string what, Func<PodLabels, bool> which, CancellationToken cancellationToken)
    {
        options.Say($"waiting for {what}");
        await watch.WaitForPodsAsync(
            pod => pod.Namespace == Shop && which(pod),
            left => left.Count == 0,
            Long,
            left => left.Count == 0 ? "pods: none left" : $"pods: {left.Count} left, {left.Count(pod => pod.Ending)} of them ending",
            options.Say,
            cancellationToken
        );
    }

    private async Task RunAsync(string what, Func<EvalRun, bool> isSo, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(CacheEntry<EvalRun>? before, CacheEntry<EvalRun>? after)
        {
            if (after is not null && isSo(after.View))
                done.TrySetResult();
        }
        watch.Runs.Changed += Look;
        try
        {
            foreach (var entry in watch.Runs.List())
                Look(null, entry);
            await done.Task.WaitAsync(Long, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoryException($"waited {Long.TotalSeconds:0} s for {what}");
        }
        finally
        {
            watch.Runs.Changed -= Look;
        }
    }

    private static bool IsReady(AgentDeployment agent) =>
        Condition(agent, ConditionTypes.Ready) is { Status: "True" } ready
        && ready.ObservedGeneration == agent.Metadata.Generation
        && agent.Status!.CandidateRevision is null;

    private static Condition? Condition(AgentDeployment agent, string type) =>
        agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private static void Expect(bool isSo, string otherwise)
    {
        if (!isSo)
            throw new StoryException(otherwise);
    }
}
