using System.Diagnostics;
using AgentReadiness.EvalRunner.Reporting;

namespace AgentReadiness.Evals.Tests;

public sealed class ReporterTests : IDisposable
{
    private const string Header = "{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":2}\n";
    private const string Good = Header + "{\"id\":\"a\",\"passed\":true}\n{\"id\":\"b\",\"passed\":false}\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ProcessWait Nobody = new(_ => false, _ => true);

    private readonly string folder = Directory.CreateTempSubdirectory("evals-tests-").FullName;
    private readonly StringWriter log = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string File(string name, string? text = null)
    {
        var path = Path.Combine(folder, name);
        if (text is not null)
            System.IO.File.WriteAllText(path, text);
        return path;
    }

    private Task<ReporterMessage> ReportAsync(string? path, ProcessWait? runner = null, CancellationToken cancellationToken = default) =>
        new Reporter(new ReporterSettings("run-uid", path, "cases"), runner ?? Nobody, log).RunAsync(cancellationToken);

    [Fact]
    public async Task PrintsTheCasesAndTheirDigest()
    {
        var message = await ReportAsync(File("results.jsonl", Good));
        (message.Run, message.CasesDigest, message.Format, message.Cases, message.Passed, message.Failed, message.Reason).ShouldBe(
            ("run-uid", "cases", "native", 2, 1, 1, null)
        );
        ResultsLog.TryRead(new MemoryStream(Encoding.UTF8.GetBytes("noise\n" + log)), message.Digest, out var native, out _).ShouldBeTrue();
        ResultsReader
            .Read(new MemoryStream(native!))
            .Cases.Select(one => (one.Id, one.Outcome))
            .ShouldBe([("a", CaseOutcome.Passed), ("b", CaseOutcome.Failed)]);
    }

    [Theory]
    [InlineData(null, EvalReasons.NoResults)]
    [InlineData("", EvalReasons.NoCases)]
    [InlineData(Header, EvalReasons.RunIncomplete)]
    [InlineData(Header + "{\"id\":\"a\",\"passed\":true}\n{\"id\":\"b\",\"pas", EvalReasons.ResultsUnreadable)]
    [InlineData("{\"results\": {\"version\": 3, \"res", EvalReasons.ResultsUnreadable)]
    [InlineData("all is well", EvalReasons.UnknownFormat)]
    [InlineData("{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":0,\"error\":\"no model\"}", EvalReasons.RunnerFailed)]
    public async Task WhatProvesNothingIsAProblem(string? text, string reason)
    {
        var message = await ReportAsync(File("results.json", text));
        (message.Reason, message.Digest, message.Cases).ShouldBe((reason, "", 0));
        message.Message.ShouldNotBeNullOrEmpty();
        log.ToString().ShouldBeEmpty();
    }

    [Fact]
    public async Task NoPathIsAProblem() => (await ReportAsync(null)).Reason.ShouldBe(EvalReasons.NoResults);

    [Fact]
    public async Task AFolderHoldsOneFileOfResults()
    {
        (await ReportAsync(folder)).Reason.ShouldBe(EvalReasons.NoResults);
        File("z.jsonl", Good);
        (await ReportAsync(folder)).Cases.ShouldBe(2);
        // What lies beside it: a log, a report for people, a lock, a folder, a link.
        File("a.log", "started");
        File("b.html", "<!DOCTYPE html><html></html>");
        File("c.json", "{\"level\":\"info\"}\n{\"level\":\"info\"}\n");
        File("d.lock", "");
        Directory.CreateDirectory(File("sub"));
        System.IO.File.CreateSymbolicLink(File("e.jsonl"), File("z.jsonl"));
        (await ReportAsync(folder)).Cases.ShouldBe(2);
        File("y.xml", "<?xml version=\"1.0\"?><testsuites><testsuite/></testsuites>");
        var two = await ReportAsync(folder);
        (two.Reason, two.Message).ShouldBe(
            (EvalReasons.UnknownFormat, "2 files in the results folder could be the results: y.xml, z.jsonl")
        );
        // A broken one is not passed over.
        File("y.xml", "{\"results\": {");
        (await ReportAsync(folder)).Reason.ShouldBe(EvalReasons.UnknownFormat);
        System.IO.File.Delete(File("z.jsonl"));
        System.IO.File.Delete(File("y.xml"));
        (await ReportAsync(folder)).Message!.ShouldStartWith("none of the 4 files");
    }

    [Fact]
    public async Task LinksAreNotFollowed()
    {
        File("real.jsonl", Good);
        System.IO.File.CreateSymbolicLink(File("link.jsonl"), File("real.jsonl"));
        (await ReportAsync(File("link.jsonl"))).Reason.ShouldBe(EvalReasons.ResultsUnreadable);
        Directory.CreateDirectory(File("there"));
        System.IO.File.WriteAllText(Path.Combine(File("there"), "r.jsonl"), Good);
        Directory.CreateSymbolicLink(File("here"), File("there"));
        (await ReportAsync(Path.Combine(File("here"), "r.jsonl"))).Message!.ShouldContain("symbolic link");
        (await ReportAsync(File("here"))).Message!.ShouldContain("symbolic link");
        (await ReportAsync(Path.Combine(File("there"), "r.jsonl"))).Cases.ShouldBe(2);
        Should.Throw<IOException>(() => Posix.OpenFile(File("link.jsonl")));
    }

    [Fact]
    public async Task APipeIsNoFile()
    {
        using (var make = Process.Start("mkfifo", [File("pipe")]))
            await make.WaitForExitAsync();
        (await ReportAsync(File("pipe")).WaitAsync(Patience)).Reason.ShouldBe(EvalReasons.ResultsUnreadable);
        File("r.jsonl", Good);
        (await ReportAsync(folder).WaitAsync(Patience)).Cases.ShouldBe(2);
    }

    [Fact]
    public async Task ALargeFileLeavesAShortLog()
    {
        await using (var file = new StreamWriter(File("large.json")))
        {
            await file.WriteAsync("{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":[");
            var text = new string('t', 100_000);
            for (var i = 0; i < 1000; i++)
                await file.WriteAsync($"{(i == 0 ? "" : ",")}{{\"id\":\"{i}\",\"passed\":true,\"transcript\":\"{text}\"}}");
            await file.WriteAsync("]}");
        }
        new FileInfo(File("large.json")).Length.ShouldBeGreaterThan(100_000_000);
        (await ReportAsync(File("large.json"))).Passed.ShouldBe(1000);
        log.ToString().Length.ShouldBeLessThan(100_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaitsForTheRunnerAndWhatItStarted(bool kernelTells)
    {
        var path = File("results.jsonl");
        // The first process ends at once and leaves a child behind, which starts another, which writes the results.
        using var shell = Process.Start(
            new ProcessStartInfo(
                "/bin/sh",
                ["-c", "exec 3<&0; (read go <&3; (printf '%s' \"$TEXT\" > \"$OUT.tmp\"; mv \"$OUT.tmp\" \"$OUT\") & wait) & exit 0"]
            )
            {
                RedirectStandardInput = true,
                Environment =
                {
                    ["OUT"] = path,
                    ["TEXT"] = Good,
                    ["MARK"] = path,
                },
            }
        )!;
        bool Ours(int process)
        {
            try
            {
                return process != Environment.ProcessId
                    && System.IO.File.ReadAllText($"/proc/{process}/environ").Contains($"MARK={path}", StringComparison.Ordinal);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
        var waited = new TaskCompletionSource();
        var wait = new ProcessWait(
            Ours,
            process =>
            {
                waited.TrySetResult();
                return kernelTells && Posix.TryWait(process);
            }
        );
        var report = ReportAsync(path, wait);
        await waited.Task.WaitAsync(Patience);
        await shell.WaitForExitAsync().WaitAsync(Patience);
        report.IsCompleted.ShouldBeFalse();
        System.IO.File.Exists(path).ShouldBeFalse();
        await shell.StandardInput.WriteLineAsync("go");
        await shell.StandardInput.FlushAsync();
        (await report.WaitAsync(Patience)).Cases.ShouldBe(2);
    }

    [Fact]
    public async Task SaysAtOnceThatItWasStopped()
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "read go"]) { RedirectStandardInput = true })!;
        using var stop = new CancellationTokenSource();
        var waited = new TaskCompletionSource();
        var report = ReportAsync(
            File("results.jsonl", Good),
            new ProcessWait(
                process => process == shell.Id,
                process =>
                {
                    waited.TrySetResult();
                    return Posix.TryWait(process);
                }
            ),
            stop.Token
        );
        await waited.Task.WaitAsync(Patience);
        await stop.CancelAsync();
        var message = await report.WaitAsync(Patience);
        (message.Reason, message.Digest).ShouldBe((EvalReasons.DeadlineExceeded, ""));
        log.ToString().ShouldBeEmpty();
        shell.StandardInput.Close();
        await shell.WaitForExitAsync().WaitAsync(Patience);
    }

    [Fact]
    public void AProcessThatIsGoneHasEnded() => Posix.TryWait(0x3fffff).ShouldBeTrue();
}
