namespace AgentReadiness.Evals.Tests;

public sealed class ReporterMessageTests
{
    private static readonly ReporterMessage Whole = new()
    {
        Run = "0f6c",
        CasesDigest = new string('a', 64),
        Digest = new string('b', 64),
        Format = ResultFormats.Promptfoo,
        Cases = 10,
        Passed = 4,
        Failed = 3,
        Errored = 2,
        Skipped = 1,
        Reason = EvalReasons.RunIncomplete,
        Message = "it ended early",
    };

    [Fact]
    public void ComesBackAsItWasWritten()
    {
        ReporterMessage.TryParse(Whole.ToMessage()).ShouldBe(Whole);
        var bare = Whole with { CasesDigest = null, Digest = "", Format = null, Reason = null, Message = null };
        ReporterMessage.TryParse(bare.ToMessage()).ShouldBe(bare);
    }

    [Fact]
    public void IsNeverLongerThanItMayBe()
    {
        var message = (Whole with { Message = string.Concat(Enumerable.Repeat("é🙂\"", 5000)) }).ToMessage();
        Encoding.UTF8.GetByteCount(message).ShouldBeLessThanOrEqualTo(ReporterMessage.MaxBytes);
        var back = ReporterMessage.TryParse(message)!;
        back.Message!.ShouldStartWith("é🙂");
        back.Message!.ShouldNotContain('\uFFFD');
        (back with { Message = Whole.Message }).ShouldBe(Whole);

        var endless = new string('\u0001', 9000);
        var all = Whole with
        {
            Run = endless,
            CasesDigest = endless,
            Digest = endless,
            Format = endless,
            Reason = endless,
            Message = endless,
        };
        Encoding.UTF8.GetByteCount(all.ToMessage()).ShouldBeLessThanOrEqualTo(ReporterMessage.MaxBytes);
        ReporterMessage.TryParse(all.ToMessage()).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("OOMKilled")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"run":"r","casesDigest":"d","cases":1,"passed":1,"failed":0,"errored":0}""")]
    [InlineData("""{"run":"r","digest":null,"cases":1,"passed":1,"failed":0,"errored":0,"skipped":0}""")]
    [InlineData("""{"run":"r","digest":"","cases":-1,"passed":1,"failed":0,"errored":0,"skipped":0}""")]
    [InlineData("""{"run":"r","digest":"","cases":1,"passed":1,"failed":0,"errored":0,"skipped":0""")]
    public void IsNoMessage(string? message) => ReporterMessage.TryParse(message).ShouldBeNull();
}
