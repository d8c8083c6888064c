using System.Diagnostics;

namespace AgentReadiness.Cli.Tests;

/// <summary>Results of 100 MB, read by a process that may keep half of that: what is not read as a stream does not fit.</summary>
public sealed class LargeResultsTests : IDisposable
{
    private const int Cases = 1000;
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData(
        "native",
        "{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":[",
        "{\"id\":\"N\",\"passed\":true,\"transcript\":\"TEXT\"}",
        "]}"
    )]
    [InlineData(
        "promptfoo",
        "{\"results\":{\"version\":3,\"results\":[",
        "{\"promptIdx\":0,\"testIdx\":N,\"success\":true,\"score\":1,\"failureReason\":0,"
            + "\"response\":{\"output\":\"TEXT\"},\"provider\":{\"id\":\"http\"},"
            + "\"gradingResult\":{\"pass\":true,\"score\":1},\"testCase\":{\"description\":\"case N\",\"assert\":[{\"type\":\"x\"}]}}",
        "],\"stats\":{\"successes\":1000,\"failures\":0,\"errors\":0}}}"
    )]
    [InlineData(
        "junit",
        "<testsuite name=\"s\" tests=\"1000\" failures=\"0\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"c\" name=\"N\"><system-out>TEXT</system-out></testcase>",
        "</testsuite>"
    )]
    public async Task They_are_read_as_a_stream(string format, string begin, string one, string end)
    {
        var text = new string('t', 100_000);
        await using (var file = new StreamWriter(path))
        {
            await file.WriteAsync(begin);
            for (var i = 0; i < Cases; i++)
                await file.WriteAsync(
                    (i == 0 || format == "junit" ? string.Empty : ",")
                        + one.Replace("N", $"{i}", StringComparison.Ordinal).Replace("TEXT", text, StringComparison.Ordinal)
                );
            await file.WriteAsync(end);
        }
        new FileInfo(path).Length.ShouldBeGreaterThan(100_000_000);
        var start = new ProcessStartInfo("dotnet", [typeof(Commands).Assembly.Location, "evals", "import", path, "--min-score", "0.9"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // 48 MiB of heap, in hex.
        start.Environment["DOTNET_GCHeapHardLimit"] = "3000000";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await error);
        var verdict = JsonNode.Parse(output)!;
        (verdict["format"]!.GetValue<string>(), verdict["passed"]!.GetValue<int>()).ShouldBe((format, Cases));
    }
}
