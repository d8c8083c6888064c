using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

public sealed class CaseRunnerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("evals-tests-").FullName;
    private readonly StringWriter output = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Case(string id, string input, string expected, string tags = "") =>
        $$"""{"id":"{{id}}","input":"{{input}}","expect":{"exact":"{{expected}}"},"tags":[{{tags}}]}""";

    private RunnerSettings Settings(Uri target, params string[] lines)
    {
        var file = Path.Combine(folder, "cases.jsonl");
        File.WriteAllLines(file, lines);
        return new RunnerSettings
        {
            Run = "run-uid",
            CasesFile = file,
            CasesDigest = CasesFile.Digest(File.ReadAllBytes(file)),
            Target = target,
            CaseTimeout = TimeSpan.FromSeconds(20),
            Backoff = TimeSpan.FromMilliseconds(1),
            CriticalTags = new HashSet<string> { "safety" },
        };
    }

    private async Task<RunSummary> RunAsync(RunnerSettings settings, CancellationToken cancellationToken = default) =>
        RunSummary.Of(settings, await new CaseRunner(settings, TimeProvider.System, output).RunAsync(cancellationToken));

    [Fact]
    public async Task GradesAndReports()
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, input) => FakeAgent.SayAsync(context, input == "bad" ? "wrong" : "right")
        );
        var settings = Settings(
            agent.Target,
            Case("c1", "bad", "right"),
            Case("c2", "good", "right"),
            Case("c3", "bad", "right", "\"x\",\"safety\""),
            Case("c4", "fine", "right")
        );
        var report = await RunAsync(settings);
        report.Error.ShouldBeNull();
        (report.CasesDigest, report.Cases, report.Passed, report.Failed, report.Errored, report.CriticalFailed).ShouldBe(
            (settings.CasesDigest, 4, 2, 2, 0, 1)
        );
        // The critical one first, though it stands later in the file.
        report.Failing.ShouldBe(["c3", "c1"]);

        agent.Requests.Count.ShouldBe(4);
        foreach (var asked in agent.Requests)
            (asked.Method, asked.Path, asked.Run, asked.ContentType).ShouldBe(
                ("POST", "/v1/chat/completions", "run-uid", "application/json")
            );
        agent
            .Requests.Select(asked => asked.Body)
            .ShouldContain("""{"model":"agent","messages":[{"role":"user","content":"good"}],"stream":false}""");
    }

    [Fact]
    public async Task PrintsALinePerCaseAndNothingHeldOut()
    {
        await using var agent = await FakeAgent.StartAsync((context, input) => FakeAgent.SayAsync(context, "the-answer"));
        await RunAsync(Settings(agent.Target, Case("c1", "the-input", "the-expectation"), Case("c2", "the-input", "the-answer")));
        var lines = output
            .ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(line => line.GetProperty("id").GetString()!);
        lines.Count.ShouldBe(2);
        lines["c1"].EnumerateObject().Select(member => member.Name).ShouldBe(["id", "passed", "reason", "duration_ms"]);
        lines["c1"].GetProperty("passed").GetBoolean().ShouldBeFalse();
        lines["c2"].GetProperty("passed").GetBoolean().ShouldBeTrue();
        foreach (var secret in (string[])["the-input", "the-expectation", "the-answer"])
            output.ToString().ShouldNotContain(secret);
    }

    [Theory]
    [InlineData(500, "oops", "HTTP 500")]
    [InlineData(402, """{"error":{"code":"budget_exhausted","message":"m"}}""", "HTTP 402, code budget_exhausted")]
    [InlineData(400, """{"error":{"code":"quotes the answer: x y"}}""", "HTTP 400")]
    [InlineData(302, "", "HTTP 302")]
    [InlineData(201, """{"choices":[{"message":{"content":"right"}}]}""", "HTTP 201")]
    [InlineData(200, "", "the body is not JSON that can be read")]
    [InlineData(200, "<html>", "the body is not JSON that can be read")]
    [InlineData(200, """{"choices":[{"message":{"content":"\ud800"}}]}""", "the body is not JSON that can be read")]
    [InlineData(200, "[]", "the body has no text in choices[0].message.content")]
    [InlineData(200, """{"choices":[]}""", "the body has no text in choices[0].message.content")]
    [InlineData(200, """{"choices":[{"message":{"content":null}}]}""", "the body has no text in choices[0].message.content")]
    [InlineData(200, """{"choices":[{"message":{"content":["right"]}}]}""", "the body has no text in choices[0].message.content")]
    [InlineData(200, """{"choices":["right"]}""", "the body has no text in choices[0].message.content")]
    [InlineData(200, """{"choices":[{"delta":{"content":"right"}}]}""", "the body has no text in choices[0].message.content")]
    public async Task WhatIsNoAnswerIsErroredAfterThreeAttempts(int status, string body, string fault)
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, input) =>
            {
                context.Response.Headers.Location = "/elsewhere";
                return FakeAgent.RawAsync(context, status, body);
            }
        );
        var report = await RunAsync(Settings(agent.Target, Case("c1", "hi", "right", "\"safety\"")));
        (report.Cases, report.Passed, report.Failed, report.Errored, report.CriticalFailed).ShouldBe((1, 0, 0, 1, 1));
        report.FirstFault.ShouldBe($"c1: {fault}");
        report.Failing.ShouldBe(["c1"]);
        report.Error.ShouldBeNull();
        agent.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task RetriesErrorsAndNeverFailures()
    {
        var broken = 0;
        await using var agent = await FakeAgent.StartAsync(
            (context, input) =>
                input switch
                {
                    "flaky" when Interlocked.Increment(ref broken) <= 2 => FakeAgent.RawAsync(context, 503, "{}"),
                    "wrong" => FakeAgent.SayAsync(context, "wrong"),
                    _ => FakeAgent.SayAsync(context, "right"),
                }
        );
        var report = await RunAsync(
            Settings(agent.Target, Case("c1", "flaky", "right"), Case("c2", "wrong", "right"), Case("c3", "good", "right"))
        );
        (report.Passed, report.Failed, report.Errored).ShouldBe((2, 1, 0));
        agent.CountOf("flaky").ShouldBe(3);
        agent.CountOf("wrong").ShouldBe(1);
        agent.CountOf("good").ShouldBe(1);
    }

    [Fact]
    public async Task ADeclinedAnswerIsGraded()
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, _) => FakeAgent.RawAsync(context, 200, """{"choices":[{"message":{"content":null,"refusal":"no"}}]}""")
        );
        (await RunAsync(Settings(agent.Target, Case("c1", "hi", "no")))).Passed.ShouldBe(1);
    }

    [Fact]
    public async Task SilenceEndsAtTheTimeout()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        var report = await RunAsync(Settings(agent.Target, Case("c1", "hi", "x")) with { CaseTimeout = TimeSpan.FromMilliseconds(200) });
        report.Errored.ShouldBe(1);
        report.FirstFault.ShouldBe("c1: no answer within 200ms");
        agent.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task ABodyThatNeverEndsIsErrored()
    {
        await using var agent = await FakeAgent.StartAsync(
            async (context, _) =>
            {
                var junk = new byte[64 * 1024];
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(junk, context.RequestAborted);
            }
        );
        (await RunAsync(Settings(agent.Target, Case("c1", "hi", "x")))).FirstFault.ShouldBe("c1: the answer is larger than 4 MiB");
    }

    [Fact]
    public async Task DeepJsonIsErrored()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.RawAsync(context, 200, new string('[', 100_000)));
        (await RunAsync(Settings(agent.Target, Case("c1", "hi", "x")))).Errored.ShouldBe(1);
    }

    [Fact]
    public async Task NobodyListeningIsErrored()
    {
        Uri target;
        await using (var agent = await FakeAgent.StartAsync((context, _) => Task.CompletedTask))
            target = agent.Target;
        var report = await RunAsync(Settings(target, Case("c1", "hi", "x")));
        report.Errored.ShouldBe(1);
        report.FirstFault!.ShouldStartWith("c1: ConnectionError");
    }

    [Fact]
    public async Task KeepsToItsParallelism()
    {
        await using var agent = await FakeAgent.StartAsync(
            async (context, _) =>
            {
                await Task.Delay(30);
                await FakeAgent.SayAsync(context, "right");
            }
        );
        var lines = Enumerable.Range(0, 20).Select(i => Case($"c{i}", "hi", "right")).ToArray();
        (await RunAsync(Settings(agent.Target, lines) with { Parallelism = 3 })).Passed.ShouldBe(20);
        agent.MostInFlight.ShouldBe(3);
    }

    [Fact]
    public async Task AChangedFileIsAnErrorAndAsksNothing()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, "x"));
        var settings = Settings(agent.Target, Case("c1", "hi", "x"));
        File.AppendAllText(settings.CasesFile, "\n");
        var report = await RunAsync(settings);
        report.Error.ShouldBe("the cases changed while the run was being made");
        report.CasesDigest.ShouldBe(CasesFile.Digest(File.ReadAllBytes(settings.CasesFile)));
        agent.Requests.ShouldBeEmpty();
        (await RunAsync(settings with { CasesDigest = report.CasesDigest.ToUpperInvariant() })).Error.ShouldBeNull();
    }

    [Fact]
    public async Task AWrongCaseStopsTheWholeRun()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, "x"));
        var report = await RunAsync(Settings(agent.Target, Case("c1", "hi", "x"), """{"id":"c2"}"""));
        report.Error.ShouldBe("line 2: input: is missing");
        agent.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task AMissingFileIsAnError() =>
        (
            await RunAsync(
                Settings(new Uri("http://127.0.0.1:1/"), Case("c1", "hi", "x")) with
                {
                    CasesFile = Path.Combine(folder, "none"),
                }
            )
        ).Error!.ShouldStartWith("the cases file cannot be read");

    [Fact]
    public async Task StoppedBeforeTheEndIsAnErrorWithWhatIsKnown()
    {
        using var stop = new CancellationTokenSource();
        await using var agent = await FakeAgent.StartAsync(
            async (context, input) =>
            {
                if (input == "first")
                {
                    await FakeAgent.SayAsync(context, "x");
                    return;
                }
                await stop.CancelAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        );
        var report = await RunAsync(
            Settings(agent.Target, Case("c1", "first", "x"), Case("c2", "second", "x"), Case("c3", "third", "x")) with
            {
                Parallelism = 1,
            },
            stop.Token
        );
        report.Error.ShouldBe("stopped before the end");
        (report.Cases, report.Passed).ShouldBe((3, 1));
        agent.CountOf("third").ShouldBe(0);
    }
}
