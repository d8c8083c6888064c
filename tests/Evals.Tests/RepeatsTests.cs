using System.Collections.Concurrent;
using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

public sealed class RepeatsTests : IDisposable
{
    private readonly RunnerFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string[] Cases(int count) =>
        [.. Enumerable.Range(0, count).Select(i => $$"""{"id":"c{{i:00}}","input":"{{i}}","expect":{"exact":"ok"},"tags":["t"]}""")];

    private async Task<(RunResult Run, int[] Asked)> RunAsync(int cases, int min, int max, double minScore, Func<int, int, string> answer)
    {
        var asked = new ConcurrentDictionary<int, int>();
        await using var agent = await FakeAgent.StartAsync(
            (context, input) =>
            {
                var one = int.Parse(input);
                return FakeAgent.SayAsync(context, answer(one, asked.AddOrUpdate(one, 1, (_, count) => count + 1)));
            }
        );
        var settings = folder.Settings(agent.Target, Cases(cases)) with
        {
            Repeats = (min, max),
            Thresholds = new Thresholds(minScore, 0.95, 10),
        };
        return (await folder.RunAsync(settings), [.. asked.OrderBy(pair => pair.Key).Select(pair => pair.Value)]);
    }

    [Fact]
    public async Task EveryCaseRunsAsOftenAsItMust()
    {
        var (run, asked) = await RunAsync(12, 3, 3, 0.5, (_, _) => "ok");
        asked.ShouldBe(Enumerable.Repeat(3, 12));
        run.Results.Select(one => (one.Case.Id, one.Repeat))
            .ShouldBe(Enumerable.Range(0, 12).SelectMany(i => Enumerable.Range(1, 3).Select(repeat => ($"c{i:00}", repeat))));
    }

    [Theory]
    // Clear at the first look; clearly bad; too few cases, which repeats cannot mend; errors, which they cannot either.
    [InlineData(40, 0.5, "ok", 1)]
    [InlineData(40, 0.9, "no", 1)]
    [InlineData(5, 0.5, "ok", 1)]
    // Never clear: as often as it may.
    [InlineData(12, 0.99, "ok", 4)]
    public async Task RepeatsGoOnOnlyWhileTheyCanDecide(int cases, double minScore, string answer, int times)
    {
        var (_, asked) = await RunAsync(cases, 1, 4, minScore, (_, _) => answer);
        asked.ShouldBe(Enumerable.Repeat(times, cases));
    }

    [Fact]
    public async Task RepeatsEndWhereTheyDecide()
    {
        // Two thirds good at first, then all good: means rise until the lower bound clears the bar or the looks are used up.
        var (run, asked) = await RunAsync(60, 2, 9, 0.6, (one, repeat) => one % 3 == 0 && repeat <= 2 ? "no" : "ok");
        asked.Distinct().Count().ShouldBe(1);
        asked[0].ShouldBeInRange(3, 8);
        // At the same split of the error, the last look decides and the one before it did not.
        EvalResults Look(int repeats) =>
            ResultsReader.Read(new MemoryStream(ResultsFile.Text([.. run.Results.Where(one => one.Repeat <= repeats)])));
        var bar = new ResultsBar(new Thresholds(0.6, 0.95, 10)) { Looks = 8 };
        ResultsVerdict.Decide(Look(asked[0]), bar).Reason.ShouldBe(EvalReasons.ScoreCleared);
        ResultsVerdict.Decide(Look(asked[0] - 1), bar).Reason.ShouldBe(EvalReasons.BoundsStraddle);
    }

    [Fact]
    public async Task TheFileHoldsEveryRepeat()
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, input) =>
            {
                context.Response.Headers["X-Agent-Run-Cost"] = "0.0100";
                return input == "bad" ? FakeAgent.RawAsync(context, 500, "{}") : FakeAgent.SayAsync(context, input);
            }
        );
        var settings = folder.Settings(
            agent.Target,
            """{"id":"a","input":"ok","expect":{"exact":"ok"},"tags":["x","y"],"weight":2}""",
            """{"id":"b","input":"ok","expect":{"exact":"no"}}""",
            """{"id":"c","input":"bad","expect":{"exact":"no"}}"""
        ) with
        {
            Repeats = (2, 2),
        };
        var lines = Encoding.UTF8.GetString(ResultsFile.Text(await folder.RunAsync(settings))).TrimEnd('\n').Split('\n');
        lines.Length.ShouldBe(7);
        lines[0].ShouldBe("""{"format":"agentreadiness.dev/results/v1","cases":6}""");
        lines[1].ShouldStartWith("""{"id":"a","repeat":1,"score":1,"passed":true,"weight":2,"tags":["x","y"],"cost":"0.0100","latency":""");
        lines[2].ShouldStartWith("""{"id":"a","repeat":2,"score":1,"passed":true,"weight":2,""");
        lines[3].ShouldStartWith("""{"id":"b","repeat":1,"score":0,"passed":false,"cost":"0.0100","latency":""");
        lines[5].ShouldBe("""{"id":"c","repeat":1,"error":"HTTP 500"}""");
        var read = ResultsFiles.Read(string.Join('\n', lines));
        read.Problems.ShouldBeEmpty();
        read.Cases.Select(one => (one.Id, one.Outcome, one.Repeats, one.Cost))
            .ShouldBe([("a", CaseOutcome.Passed, 2, 0.02m), ("b", CaseOutcome.Failed, 2, 0.02m), ("c", CaseOutcome.Errored, 0, null)]);
        read.Cases[0].Latency!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task ARunThatCouldNotBeMadeSaysWhy()
    {
        var settings = folder.Settings(new Uri("http://127.0.0.1:1/"), """{"id":"a"}""");
        ResultsFiles
            .Read(Encoding.UTF8.GetString(ResultsFile.Text(await folder.RunAsync(settings))))
            .Problems.Single()
            .ShouldBe(new ResultsProblem(EvalReasons.RunnerFailed, "line 1: input: is missing"));
        var changed = await folder.RunAsync(settings with { CasesDigest = "other" });
        ResultsFiles
            .Read(Encoding.UTF8.GetString(ResultsFile.Text(changed)))
            .Problems.Single()
            .Message.ShouldBe("the cases changed while the run was being made");
    }

    [Theory]
    [InlineData("REPEATS_MIN=3", 3, 3)]
    [InlineData("REPEATS_MAX=3 MIN_SCORE=0.9", 1, 3)]
    [InlineData("REPEATS_MIN=2 REPEATS_MAX=3 MIN_SCORE=0.9 CONFIDENCE=0.99 MIN_CASES=20", 2, 3)]
    [InlineData("", 1, 1)]
    public void SettingsAreRead(string more, int min, int max)
    {
        var settings = RunnerSettings.Read(Variables(more));
        settings.Repeats.ShouldBe((min, max));
        if (more.Contains("CONFIDENCE", StringComparison.Ordinal))
            settings.Thresholds.ShouldBe(new Thresholds(0.9, 0.99, 20));
        else if (max > min)
            settings.Thresholds.ShouldBe(new Thresholds(0.9, 0.95, 10));
    }

    [Fact]
    public void TheJudgeAndTheRefusalAreRead()
    {
        var settings = RunnerSettings.Read(
            Variables("JUDGE_URL=http://models/v1 JUDGE_MODEL=m JUDGE_VOTES=3 REFUSAL_STATUS=451 REFUSAL_TEXT=^No")
        );
        settings.Judge.ShouldBe(new JudgeSettings(new Uri("http://models/v1"), "m", 3));
        settings.Refusal.Status.ShouldBe(451);
        (settings.Refusal.IsRefusal("No."), settings.Refusal.IsRefusal("Oh No")).ShouldBe((true, false));
        RunnerSettings.Read(Variables("")).Judge.ShouldBeNull();
    }

    [Theory]
    [InlineData("REPEATS_MAX=3", "the variable MIN_SCORE is not set")]
    [InlineData("REPEATS_MIN=0", "REPEATS_MIN must be a whole number")]
    [InlineData("REPEATS_MIN=3 REPEATS_MAX=2", "REPEATS_MAX must not be less")]
    [InlineData("REPEATS_MAX=3 MIN_SCORE=2", "MIN_SCORE must be a number from 0 to 1")]
    [InlineData("REPEATS_MAX=3 MIN_SCORE=0.5 CONFIDENCE=1", "CONFIDENCE must be a number from 0.5")]
    [InlineData("REPEATS_MAX=3 MIN_SCORE=0.5 MIN_CASES=x", "MIN_CASES must be a whole number")]
    [InlineData("JUDGE_URL=http://models/v1", "the variable JUDGE_MODEL is not set")]
    [InlineData("JUDGE_URL=models JUDGE_MODEL=m", "JUDGE_URL must be an http or https URL")]
    [InlineData("JUDGE_URL=http://models/v1 JUDGE_MODEL=m JUDGE_VOTES=2", "JUDGE_VOTES must be an odd number")]
    [InlineData("REFUSAL_STATUS=200", "REFUSAL_STATUS must be a whole number from 400 to 499")]
    [InlineData("REFUSAL_TEXT=([", "REFUSAL_TEXT is not a regular expression")]
    public void SettingsAreRefused(string more, string problem) =>
        Should.Throw<FormatException>(() => RunnerSettings.Read(Variables(more))).Message.ShouldStartWith(problem);

    private static Func<string, string?> Variables(string more)
    {
        var variables = new Dictionary<string, string>();
        foreach (
            var pair in ("RUN_UID=r CASES_FILE=c CASES_SHA256=d TARGET=http://agent/ " + more).Split(
                ' ',
                StringSplitOptions.RemoveEmptyEntries
            )
        )
            variables[pair[..pair.IndexOf('=')]] = pair[(pair.IndexOf('=') + 1)..];
        return name => variables.GetValueOrDefault(name);
    }
}
