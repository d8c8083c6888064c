using System.Text;
using Shouldly;
using Xunit;

namespace AgentReadiness.Evals.Tests;

public sealed class RunnerReportTests
{
    private static RunnerReport Report(IReadOnlyList<string>? failing = null, string? error = null, string? fault = null) => new()
    {
        Run = "0f6c",
        CasesDigest = new string('a', 64),
        Cases = 3,
        Passed = 1,
        Failed = 1,
        Errored = 1,
        Failing = failing ?? [],
        Error = error,
        FirstFault = fault,
    };

    [Fact]
    public void ComesBackAsItWasWritten()
    {
        var report = Report(["a", "b"], "e", "f");
        var back = RunnerReport.TryParse(report.ToMessage())!;
        back.Failing.ShouldBe(report.Failing);
        (back with { Failing = report.Failing }).ShouldBe(report);
    }

    [Fact]
    public void KeepsAsManyFailingCasesAsFitInTheirOrder()
    {
        var failing = Enumerable.Range(0, 50_000).Select(i => $"case-\"{i:000000}").ToList();
        var message = Report(failing).ToMessage();
        Encoding.UTF8.GetByteCount(message).ShouldBeLessThanOrEqualTo(4096);
        var kept = RunnerReport.TryParse(message)!.Failing;
        kept.ShouldBe(failing.Take(kept.Count));
        // One more would not have fitted.
        Encoding.UTF8.GetByteCount(message).ShouldBeGreaterThan(4096 - 40);
    }

    [Fact]
    public void ShortensTextsThatWouldNotFit()
    {
        var message = Report(["x"], string.Concat(Enumerable.Repeat("é🙂", 5000)), new string('"', 9000)).ToMessage();
        Encoding.UTF8.GetByteCount(message).ShouldBeLessThanOrEqualTo(4096);
        var back = RunnerReport.TryParse(message)!;
        back.Error!.ShouldStartWith("é🙂");
        back.Error!.ShouldEndWith("…");
        back.Error!.ShouldNotContain('\uFFFD');
    }

    [Fact]
    public void KeepsAnErrorThatFits() => RunnerReport.TryParse(Report(error: new string('x', 3000)).ToMessage())!.Error!.Length.ShouldBe(3000);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("null")]
    [InlineData("OOMKilled")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0}""")]
    [InlineData("""{"run":null,"casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0}""")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0,"failing":null}""")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0,"failing":[null]}""")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1.5,"passed":1,"failed":0,"errored":0}""")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0""")]
    public void IsNoReport(string? message) => RunnerReport.TryParse(message).ShouldBeNull();

    [Fact]
    public void IsAReport() =>
        RunnerReport.TryParse("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0}""")!.Passed.ShouldBe(1);
}
