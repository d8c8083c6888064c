using AgentReadiness.Contracts.Chaos;
using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

/// <summary>The runner names its cases to the candidate's guardrail, and its results say which fault each met.</summary>
public sealed class ChaosRunnerTests : IDisposable
{
    private const string Plan = "0123456789abcdef";
    private readonly string folder = Directory.CreateTempSubdirectory("evals-tests-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_turn_of_each_case_is_named_and_what_it_met_is_in_the_results()
    {
        var named = new HashSet<string>();
        await using var agent = await FakeAgent.StartRawAsync(
            (context, body) =>
            {
                var header = context.Request.Headers[ChaosHeaders.Case].Single()!;
                lock (named)
                    named.Add(header);
                var isB = header == ChaosHeaders.OfCase(Plan, ChaosDice.KeyOf("b", 2));
                context.Response.Headers[ChaosHeaders.Met] = isB ? $"{Plan};ServerError/openai;Slow/search_orders" : Plan;
                return FakeAgent.SayAsync(context, "right");
            }
        );
        var results = await RunAsync(
            agent,
            """{"id":"a","input":"x","expect":{"exact":"right"}}""",
            """{"id":"b","turns":[{"input":"x"},{"input":"y"}],"expect":{"exact":"right"}}"""
        );
        named.ShouldBe(
            new[] { ("a", 1), ("b", 1), ("b", 2) }.Select(one => ChaosHeaders.OfCase(Plan, ChaosDice.KeyOf(one.Item1, one.Item2))),
            ignoreOrder: true
        );
        results.Problems.ShouldBeEmpty();
        results.Cases.Select(one => (one.Id, one.Outcome)).ShouldBe([("a", CaseOutcome.Passed), ("b", CaseOutcome.Passed)]);
        results.Cases[0].Faults.ShouldBeEmpty();
        results.Cases[1].Faults.ShouldBe(["ServerError/openai", "Slow/search_orders"]);
        // The way to the operator, and back.
        ResultsReader.Read(new MemoryStream(ResultsLog.Native(results))).Cases[1].Faults.ShouldBe(results.Cases[1].Faults);
    }

    [Theory]
    [InlineData(500, "Failed", 1)]
    [InlineData(200, "Failed", 1)]
    // The money of the evaluation says nothing of the agent.
    [InlineData(402, "Errored", 3)]
    public async Task No_answer_after_a_fault_is_a_failure_of_the_agent_and_is_not_tried_again(int status, string outcome, int asked)
    {
        await using var agent = await FakeAgent.StartRawAsync(
            (context, _) =>
            {
                context.Response.Headers[ChaosHeaders.Met] = $"{Plan};ServerError/openai";
                return FakeAgent.RawAsync(context, status, "<html>");
            }
        );
        var one = (await RunAsync(agent, """{"id":"a","input":"x","expect":{"exact":"right"}}""")).Cases.ShouldHaveSingleItem();
        one.Outcome.ToString().ShouldBe(outcome);
        one.Faults.ShouldBe(outcome == "Failed" ? ["ServerError/openai"] : []);
        agent.Requests.Count.ShouldBe(asked);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("fedcba9876543210;ServerError/openai")]
    [InlineData(Plan + ";Meteor/openai")]
    [InlineData(Plan + ";ServerError/openai;Unattributed")]
    [InlineData(Plan + ",ServerError/openai")]
    public async Task A_good_answer_under_a_chaos_that_nobody_knows_is_not_measured(string? told)
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, _) =>
            {
                if (told is not null)
                    context.Response.Headers[ChaosHeaders.Met] = told;
                return FakeAgent.SayAsync(context, "right");
            }
        );
        var one = (await RunAsync(agent, """{"id":"a","input":"x","expect":{"exact":"right"}}""")).Cases.ShouldHaveSingleItem();
        (one.Outcome, one.Faults.Count).ShouldBe((CaseOutcome.Errored, 0));
        agent.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Without_a_plan_nothing_is_named_and_nothing_is_believed()
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, _) =>
            {
                context.Request.Headers.ContainsKey(ChaosHeaders.Case).ShouldBeFalse();
                context.Response.Headers[ChaosHeaders.Met] = $"{Plan};ServerError/openai";
                return FakeAgent.SayAsync(context, "right");
            }
        );
        var results = await RunUnderAsync(agent, null, """{"id":"a","input":"x","expect":{"exact":"right"}}""");
        results
            .Cases.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(one => one.Outcome.ShouldBe(CaseOutcome.Passed), one => one.Faults.ShouldBeEmpty());
    }

    [Fact]
    public void Faults_of_a_results_file_are_bounded_and_only_those_that_are_listed()
    {
        var many = string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"ServerError/upstream-{i:00}\""));
        var text = $$"""
            {"format":"agentreadiness.dev/results/v1","cases":2}
            {"id":"a","passed":true,"faults":[{{many}}]}
            {"id":"b","passed":true,"faults":["Meteor/openai","ServerError","what was the question?","Slow/a b","Slow/ok"]}
            """;
        var results = ResultsReader.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));
        results.Cases[0].Faults.Count.ShouldBe(ChaosHeaders.MostMet);
        results.Cases[1].Faults.ShouldBe(["Slow/ok"]);
    }

    private Task<EvalResults> RunAsync(FakeAgent agent, params string[] lines) => RunUnderAsync(agent, Plan, lines);

    private async Task<EvalResults> RunUnderAsync(FakeAgent agent, string? plan, params string[] lines)
    {
        var file = Path.Combine(folder, "cases.jsonl");
        await File.WriteAllLinesAsync(file, lines);
        var settings = new RunnerSettings
        {
            Run = "run-uid",
            CasesFile = file,
            Target = agent.Target,
            CaseTimeout = TimeSpan.FromSeconds(20),
            Backoff = TimeSpan.FromMilliseconds(1),
            ChaosPlan = plan,
        };
        var run = await new CaseRunner(settings, TimeProvider.System, TextWriter.Null).RunAsync(CancellationToken.None);
        return ResultsReader.Read(new MemoryStream(ResultsFile.Text(run)));
    }
}
