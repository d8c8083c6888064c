using System.IO.Compression;

namespace AgentReadiness.Evals.Tests;

/// <summary>Files that were made to break their reader, and Inspect AI's archives.</summary>
public sealed class ResultsBoundsTests
{
    private const string Sample = """{"id": "ID", "epoch": 1, "scores": {"match": {"value": "C"}}}""";

    private const string Header =
        """{"version": 2, "status": "success", "eval": {"task": "t"}, "results": {"total_samples": 2, "completed_samples": 2"""
        + """, "scores": []}}""";

    private static byte[] Archive(params (string Name, string Text)[] files)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var writer = new StreamWriter(archive.CreateEntry(name, CompressionLevel.SmallestSize).Open());
                writer.Write(text);
            }
        }
        return stream.ToArray();
    }

    private static (string, string) Case(string id) => ($"samples/{id}_epoch_1.json", Sample.Replace("ID", id, StringComparison.Ordinal));

    private static string ReasonOf(byte[] bytes) => ResultsFiles.Read(bytes).Problems.Single().Reason;

    private static string ReasonOf(string text) => ReasonOf(Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("header.json")]
    [InlineData("results.json")]
    public void ReadsAnArchive(string header)
    {
        var results = ResultsFiles.Read(
            Archive(("_journal/start.json", "{}"), Case("b"), Case("a"), (header, Header), ("summaries.json", "[]"))
        );
        results.Format.ShouldBe("inspect");
        ResultsFiles.Summary(results).ShouldBe(["a=Passed:1", "b=Passed:1"]);
    }

    [Fact]
    public void RefusesAnArchiveThatIsNotWhole()
    {
        ReasonOf(Archive(("_journal/start.json", "{}"), Case("a"))).ShouldBe("RunIncomplete");
        ReasonOf(Archive(("header.json", Header), Case("a"))).ShouldBe("CountsDisagree");
        ReasonOf(Archive(("header.json", Header.Replace("success", "cancelled", StringComparison.Ordinal)), Case("a"), Case("b")))
            .ShouldBe("RunIncomplete");
        ReasonOf(Archive(("header.json", Header), Case("a"), Case("a"))).ShouldBe("DuplicateCases");
        ReasonOf(Archive(("readme.txt", "hello"))).ShouldBe("UnknownFormat");
        ReasonOf(Archive(("header.json", Header), Case("a"), ("samples/b_epoch_1.json", Sample[..^5]))).ShouldBe("ResultsUnreadable");
        var whole = Archive(("header.json", Header), Case("a"), Case("b"));
        for (var length = 2; length < whole.Length; length += 11)
            ReasonOf(whole[..length]).ShouldBe("ResultsUnreadable", $"cut after {length} bytes");
    }

    [Fact]
    public void UnpacksNoBomb()
    {
        var bomb = Archive(
            ("header.json", Header),
            Case("a"),
            ("samples/b_epoch_1.json", Sample[..^1] + ", \"junk\": [" + string.Concat(Enumerable.Repeat("0,", 12_000_000)) + "0]}")
        );
        bomb.Length.ShouldBeLessThan(100_000);
        var problem = ResultsFiles.Read(bomb).Problems.Single();
        problem.Reason.ShouldBe("ResultsUnreadable");
        problem.Message.ShouldContain("unpacks to more than 100 times");
    }

    [Fact]
    public void BoundsDepthTextAndNumber()
    {
        ReasonOf("{\"testCases\": " + new string('[', 5000) + new string(']', 5000) + "}").ShouldBe("ResultsUnreadable");
        ReasonOf(string.Concat(Enumerable.Repeat("<testsuite>", 200)) + string.Concat(Enumerable.Repeat("</testsuite>", 200)))
            .ShouldBe("ResultsUnreadable");
        ReasonOf(
                "<testsuite><properties>"
                    + string.Concat(Enumerable.Repeat("<x>", 5000))
                    + string.Concat(Enumerable.Repeat("</x>", 5000))
                    + "</properties></testsuite>"
            )
            .ShouldBe("ResultsUnreadable");
        ReasonOf("{\"testCases\": [{\"name\": \"" + new string('x', 33 * 1024 * 1024) + "\"}]}").ShouldBe("ResultsUnreadable");
        ReasonOf("<testsuite><testcase name=\"" + new string('x', 17 * 1024 * 1024) + "\"/></testsuite>").ShouldBe("ResultsUnreadable");
        var many = new StringBuilder("{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": [");
        for (var i = 0; i <= ResultsReader.MaxCases; i++)
            many.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ",")}{{\"id\":{i},\"passed\":true}}");
        var problem = ResultsFiles.Read(many.Append("]}").ToString()).Problems.Single();
        problem.Reason.ShouldBe("ResultsUnreadable");
        problem.Message.ShouldBe("more than 100000 cases");
    }

    [Fact]
    public void BoundsTagsAndShortensIds()
    {
        string Native(string rest) => $$"""{"format": "agentreadiness.dev/results/v1", "cases": [{"passed": true, {{rest}}}]}""";
        ReasonOf(Native($"\"id\": \"a\", \"tags\": [{string.Join(",", Enumerable.Range(0, 65).Select(i => $"\"{i}\""))}]"))
            .ShouldBe("ResultsUnreadable");
        ReasonOf(Native($"\"id\": \"a\", \"tags\": \"{new string('t', 257)}\"")).ShouldBe("ResultsUnreadable");
        ReasonOf(Native("\"id\": \"a\", \"\\ud800\": 1, \"tags\": \"x\"")).ShouldBe("ResultsUnreadable");
        var (one, other) = (
            ResultsFiles.Read(Native($"\"id\": \"{new string('x', 5000)}1\"")).Cases[0].Id,
            ResultsFiles.Read(Native($"\"id\": \"{new string('x', 5000)}2\"")).Cases[0].Id
        );
        one.Length.ShouldBeLessThanOrEqualTo(512);
        one.ShouldNotBe(other);
    }

    [Fact]
    public void NaNIsFoundAcrossTheEdgesOfTheBuffer()
    {
        // The words may lie anywhere in a chunk of 64 KiB, and inside of texts they are letters.
        for (var pad = 65_400; pad < 65_545; pad++)
        {
            var text =
                $$"""{"format": "agentreadiness.dev/results/v1", "pad": "{{new string('N', pad)}}\"", "a": [NaN, -Infinity, """
                + $$"""Infinity, 1], "cases": [{"id": "NaN", "passed": true}]}""";
            ResultsFiles.Read(text).Cases.Single().Id.ShouldBe("NaN", $"pad {pad}");
        }
        ReasonOf("""{"format": "agentreadiness.dev/results/v1", "a": Nan, "cases": [{"id": "x", "passed": true}]}""")
            .ShouldBe("ResultsUnreadable");
    }

    [Fact]
    public void MemoryDoesNotGrowWithTheFile()
    {
        // 40 MB of transcripts, read with a buffer of 64 KiB: what is allocated in all stays below one tenth of it.
        var sample =
            Sample.Replace("\"ID\"", "ID", StringComparison.Ordinal)[..^1]
            + ", \"messages\": ["
            + string.Join(",", Enumerable.Repeat("{\"role\": \"assistant\", \"content\": \"some words of an answer\"}", 700))
            + "]}";
        using var stream = new MemoryStream();
        stream.Write(
            "{\"version\": 2, \"status\": \"success\", \"eval\": {}, "u8
                + "\"results\": {\"total_samples\": 1000, \"completed_samples\": 1000}, "u8
                + "\"samples\": ["u8
        );
        for (var i = 0; i < 1000; i++)
            stream.Write(
                Encoding.UTF8.GetBytes(
                    (i == 0 ? "" : ",") + sample.Replace("ID", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                )
            );
        stream.Write("]}"u8);
        stream.Length.ShouldBeGreaterThan(40_000_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ResultsReader.Read(stream).Cases.Count.ShouldBe(1000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(stream.Length / 10);
    }

    [Fact]
    public void AStreamThatCannotSeekIsTheCallersFault()
    {
        using var stream = new DeflateStream(new MemoryStream(), CompressionMode.Decompress);
        Should.Throw<ArgumentException>(() => ResultsReader.Read(stream));
    }
}
