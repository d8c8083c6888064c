using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Runtime;
using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>Suites of our own runner with a model as the judge, and what serves measured again.</summary>
public sealed class JudgeTests(InstalledOperator installed, ITestOutputHelper output) : SuiteWorld("suites-judge", installed, output)
{
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
            metadata: {name: judged-cases, namespace: {{Ns}}}
            data:
              cases.yaml: |
                {{cases}}
            ---
            apiVersion: agentreadiness.dev/v1alpha1
            kind: EvalSuite
            metadata: {name: judged, namespace: {{Ns}}}
            spec:
              builtin:
                cases: {name: judged-cases, key: cases.yaml}
                judge:
                  url: {{InstalledOperator.ProviderUrl}}
                  insecure: true
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
        var run = watch.Runs.List().Single(entry => entry.Key.Namespace == Ns).View;
        Options.Say(run.Status!.Message!);
        run.Status.ShouldSatisfyAllConditions(
            status => status.Phase.ShouldBe(EvalPhase.Passed),
            status => status.Cases.ShouldBe(12),
            status => status.Format.ShouldBe("native")
        );
        var judge = watch
            .Ledgers.Get(new NamespacedName(SupportStory.OperatorNamespace, $"{Ns}.tooled.judge-{ready.Status!.ServingRevision}"))
            ?.View.Status;
        judge.ShouldNotBeNull("the judge spends from an account of its own");
        var spent = judge.Limits.Where(limit => limit.Shared != true).ShouldHaveSingleItem();
        judge
            .Limits.Where(limit => limit.Shared == true)
            .ShouldHaveSingleItem("the window of the agent's evaluations is above it")
            .Budget.ShouldEndWith(".evals");
        Options.Say($"judge: {spent.Settled} USD/tokens settled, {spent.Unproven} unproven");
        spent.MaxCost.ShouldBe(AgentReadiness.Contracts.Money.Parse("1"));
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
        await CommandLine.RunAsync("kubectl", ["delete", "namespace", Ns, "--wait=false"], null, stop);
    }
}
