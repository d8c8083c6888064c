using System.Diagnostics;
using AgentReadiness.EvalRunner.Cases;

namespace AgentReadiness.Evals.Tests;

/// <summary>The program as the kubelet starts it.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("evals-tests-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string ReportPath => Path.Combine(folder, "termination-log");

    private string ResultsPath => Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "results")).FullName, "results.jsonl");

    private Process Start(Uri target, string cases, params (string Name, string? Value)[] more)
    {
        var file = Path.Combine(folder, "cases.jsonl");
        File.WriteAllText(file, cases);
        var start = new ProcessStartInfo("dotnet", [typeof(CasesFile).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["RUN_UID"] = "run-uid";
        start.Environment["CASES_FILE"] = file;
        start.Environment["CASES_SHA256"] = CasesFile.Digest(File.ReadAllBytes(file));
        start.Environment["TARGET"] = target.ToString();
        start.Environment["RESULTS_PATH"] = ResultsPath;
        // A proxy of the environment must not be used.
        start.Environment["http_proxy"] = "http://127.0.0.1:1";
        foreach (var (name, value) in more)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    [Fact]
    public async Task WritesItsResults()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, "wrong"));
        using var process = Start(
            agent.Target,
            """{"id":"c1","input":"hi","expect":{"exact":"x"},"tags":["b"]}""",
            ("CRITICAL_TAGS", "a, b"),
            ("PARALLELISM", "2"),
            ("CASE_TIMEOUT", "20s")
        );
        (await ResultsAsync(process, ResultsPath))
            .Cases.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(one => one.Outcome.ShouldBe(CaseOutcome.Failed), one => one.Tags.ShouldBe(["b"]));
        (await process.StandardOutput.ReadToEndAsync()).ShouldStartWith("""{"id":"c1","passed":false,""");
    }

    [Fact]
    public async Task SaysOnSigtermThatItWasStopped()
    {
        var asked = new TaskCompletionSource();
        await using var agent = await FakeAgent.StartAsync(
            (context, _) =>
            {
                asked.TrySetResult();
                return Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        );
        using var process = Start(agent.Target, """{"id":"c1","input":"hi","expect":{"exact":"x"}}""");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        (await ResultsAsync(process, ResultsPath)).Problems.ShouldHaveSingleItem().Message.ShouldBe("stopped before the end");
    }

    [Theory]
    [InlineData("RUN_UID", "", "the variable RUN_UID is not set")]
    [InlineData("TARGET", "ftp://x/", "TARGET must be an http or https URL")]
    [InlineData("PARALLELISM", "0", "PARALLELISM must be a whole number")]
    [InlineData("CASE_TIMEOUT", "60", "CASE_TIMEOUT must be a duration")]
    public async Task AWrongVariableIsAResultToo(string name, string value, string error)
    {
        using var process = Start(new Uri("http://127.0.0.1:1/"), "x", (name, value));
        (await ResultsAsync(process, ResultsPath)).Problems.ShouldHaveSingleItem().Message.ShouldStartWith(error);
    }

    [Fact]
    public async Task APatternOfASchemaThatExplodesIsCutOff()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, $"\"{new string('a', 5000)}!\""));
        using var process = Start(agent.Target, """{"id":"c1","input":"hi","expect":{"jsonSchema":{"pattern":"^(a+)+$"}}}""");
        (await ResultsAsync(process, ResultsPath)).Cases.ShouldHaveSingleItem().Outcome.ShouldBe(CaseOutcome.Failed);
        (await process.StandardOutput.ReadToEndAsync()).ShouldContain("a pattern of the schema took too long");
    }

    [Fact]
    public async Task WithoutAPlaceForResultsItDoesNotBegin()
    {
        using var process = Start(new Uri("http://127.0.0.1:1/"), "x", ("RESULTS_PATH", ""));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(2);
        (await process.StandardError.ReadToEndAsync()).ShouldContain("RESULTS_PATH");
    }

    /// <summary>It waits for every other process, so it gets a process namespace of its own, as in a pod.</summary>
    private Process? Report(params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo(
            "unshare",
            [
                "--pid",
                "--fork",
                "--mount-proc",
                "--kill-child",
                "/bin/sh",
                "-c",
                $"(read go; exit 0) <&0 & dotnet '{typeof(CasesFile).Assembly.Location}' report & wait $!",
            ]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["RUN_UID"] = "run-uid";
        start.Environment["TERMINATION_MESSAGE_PATH"] = ReportPath;
        foreach (var (name, value) in more)
            start.Environment[name] = value;
        return Process.Start(start);
    }

    [Fact]
    public async Task ReportsAsTheSecondContainerOfAPod()
    {
        using (
            var able = Process.Start(
                new ProcessStartInfo("unshare", ["--pid", "--fork", "--mount-proc", "true"]) { RedirectStandardError = true }
            )!
        )
        {
            await able.WaitForExitAsync();
            // Needs root; without it, what is left are the tests of the parts.
            if (able.ExitCode != 0)
                return;
        }
        var results = Path.Combine(folder, "results.jsonl");
        using var process = Report(("RESULTS_PATH", results), ("CASES_SHA256", "digest"))!;
        await File.WriteAllTextAsync(
            results,
            "{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":1}\n{\"id\":\"a\",\"passed\":true}\n"
        );
        await process.StandardInput.WriteLineAsync("go");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0);
        var message = ReporterMessage.TryParse(await File.ReadAllTextAsync(ReportPath)).ShouldNotBeNull();
        (message.Run, message.CasesDigest, message.Passed, message.Reason).ShouldBe(("run-uid", "digest", 1, null));
        ResultsLog.TryRead(process.StandardOutput.BaseStream, message.Digest, out _, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task ReportsOnSigtermAtOnce()
    {
        // Without a namespace of its own, it waits for this very test.
        var start = new ProcessStartInfo("dotnet", [typeof(CasesFile).Assembly.Location, "report"]) { RedirectStandardOutput = true };
        start.Environment["RUN_UID"] = "run-uid";
        start.Environment["RESULTS_PATH"] = folder;
        start.Environment["TERMINATION_MESSAGE_PATH"] = ReportPath;
        using var process = Process.Start(start)!;
        (await process.StandardOutput.ReadLineAsync()).ShouldBe("waiting for the runner");
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0);
        ReporterMessage.TryParse(await File.ReadAllTextAsync(ReportPath))!.Reason.ShouldBe(EvalReasons.DeadlineExceeded);
    }

    [Fact]
    public async Task AnotherVerbIsRefused()
    {
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(CasesFile).Assembly.Location, "reprot"]) { RedirectStandardError = true }
        )!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(2);
    }

    private async Task<EvalResults> ResultsAsync(Process process, string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0);
        // The file is all that it says, and it is alone: nothing is left over of its making.
        File.Exists(ReportPath).ShouldBeFalse();
        Directory.GetFiles(Path.GetDirectoryName(path)!).ShouldBe([path]);
        using var stream = File.OpenRead(path);
        return ResultsReader.Read(stream);
    }

    [Fact]
    public async Task WritesItsResultsWhereItIsTold()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.SayAsync(context, "x"));
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "results")).FullName, "results.jsonl");
        File.WriteAllText(path, "old");
        using var process = Start(
            agent.Target,
            """{"id":"c1","input":"hi","expect":{"exact":"x"}}""",
            ("RESULTS_PATH", path),
            ("REPEATS_MIN", "2")
        );
        var results = await ResultsAsync(process, path);
        results.Cases.Select(one => (one.Id, one.Outcome, one.Repeats)).ShouldBe([("c1", CaseOutcome.Passed, 2)]);
        agent.Requests.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("TARGET", "nowhere", "TARGET must be an http or https URL")]
    [InlineData("CASES_SHA256", "other", "the cases changed while the run was being made")]
    public async Task WritesWhatIsWrongWhereItIsTold(string name, string value, string problem)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "results")).FullName, "results.jsonl");
        using var process = Start(new Uri("http://127.0.0.1:1/"), "x", ("RESULTS_PATH", path), (name, value));
        (await ResultsAsync(process, path)).Problems.Single().ShouldBe(new ResultsProblem(EvalReasons.RunnerFailed, problem));
    }

    [Fact]
    public async Task FailsWhereNoResultsCanBeWritten()
    {
        using var process = Start(new Uri("http://127.0.0.1:1/"), "x", ("RESULTS_PATH", Path.Combine(folder, "none", "x")));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(1);
    }
}
