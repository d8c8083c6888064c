using System.IO.Compression;

namespace AgentReadiness.Evals.Tests;

public sealed class ResultsLogTests
{
    private static readonly byte[] Text = ResultsLog.Native(ResultsFiles.Read(ResultsFiles.Text("native.jsonl")));

    [Fact]
    public void AnyResultsComeBackFromTheirText()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var results = Random(new Random(seed));
            var back = ResultsReader.Read(new MemoryStream(ResultsLog.Native(results)));
            if (results.Cases.Count == 0)
            {
                back.Problems.Single().Reason.ShouldBe(EvalReasons.NoCases);
                continue;
            }
            back.Problems.ShouldBeEmpty();
            back.Cases.Count.ShouldBe(results.Cases.Count);
            foreach (var (now, was) in back.Cases.Zip(results.Cases.OrderBy(one => one.Id, StringComparer.Ordinal)))
            {
                now.Tags.ShouldBe(was.Tags);
                (now with { Tags = was.Tags }).ShouldBe(was, $"seed {seed}");
            }
            ResultsLog.Native(back).ShouldBe(ResultsLog.Native(results));
        }
    }

    [Fact]
    public void WhatAnyToolWroteComesBack()
    {
        foreach (var file in (string[])["promptfoo-v3.json", "inspect.json", "deepeval.json", "junit-surefire.xml", "native.json"])
        {
            var results = ResultsFiles.Read(ResultsFiles.Text(file));
            var back = ResultsReader.Read(new MemoryStream(ResultsLog.Native(results)));
            back.Cases.Select(one => one with { Tags = [] }).ShouldBe(results.Cases.Select(one => one with { Tags = [] }), file);
            back.Cases.SelectMany(one => one.Tags).ShouldBe(results.Cases.SelectMany(one => one.Tags));
        }
    }

    [Fact]
    public void ResultsWithAProblemHaveNoText() => Should.Throw<ArgumentException>(() => ResultsLog.Native(ResultsFiles.Read("{}")));

    [Theory]
    [InlineData("{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":0,\"error\":\"no model\"}")]
    [InlineData("{\"format\":\"agentreadiness.dev/results/v1\",\"error\":\"no model\"}\n")]
    [InlineData("{\"format\":\"agentreadiness.dev/results/v1\",\"error\":\"no model\",\"cases\":[{\"id\":\"a\",\"passed\":true}]}")]
    [InlineData("{\"format\":\"agentreadiness.dev/results/v1\",\"error\":\"no model\",\"cases\":1}\n{\"id\":\"a\",\"passed\":true}")]
    public void ARunnerSaysThatItCouldNotMeasure(string text)
    {
        var results = ResultsFiles.Read(text);
        results.Problems.Single().ShouldBe(new ResultsProblem(EvalReasons.RunnerFailed, "no model"));
        results.Cases.ShouldBeEmpty();
    }

    [Fact]
    public void NoErrorIsNone() =>
        ResultsFiles
            .Read("{\"format\":\"agentreadiness.dev/results/v1\",\"error\":null,\"cases\":1}\n{\"id\":\"a\",\"passed\":true}")
            .Problems.ShouldBeEmpty();

    [Theory]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("\"2\"")]
    [InlineData("1e12")]
    public void RepeatsAreACount(string repeats) =>
        ResultsFiles
            .Read($"{{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":1}}\n{{\"id\":\"a\",\"passed\":true,\"repeats\":{repeats}}}")
            .Problems.Single()
            .Reason.ShouldBe(EvalReasons.ResultsUnreadable);

    [Fact]
    public void RepeatsOfOneResultDoNotStandBesideOthers() =>
        ResultsFiles
            .Read(
                "{\"format\":\"agentreadiness.dev/results/v1\",\"cases\":2}\n"
                    + "{\"id\":\"a\",\"score\":1,\"repeats\":3}\n{\"id\":\"a\",\"score\":0,\"repeat\":4}"
            )
            .Problems.Single()
            .Message.ShouldContain("repeats");

    [Theory]
    [InlineData("", "")]
    [InlineData("hello\nworld\n", "\nbye")]
    [InlineData("-----BEGIN AGENT READINESS RESULTS v1 bytes=5 sha256=00-----\nQUJD\n-----END AGENT READINESS RESULTS v1-----\n", "")]
    public void TheBlockIsFoundAmongOtherLines(string before, string after)
    {
        foreach (var end in (string[])["\n", "\r\n"])
        {
            var log = (before + Block(Text) + after).Replace("\n", end, StringComparison.Ordinal);
            TryRead(log, ResultsLog.Digest(Text), out var native).ShouldBeNull();
            native.ShouldBe(Text);
        }
    }

    [Fact]
    public void LongTextsAreSeveralLines()
    {
        var noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        var block = Block(noise);
        block.Split('\n').Length.ShouldBeGreaterThan(15);
        block.Split('\n').Max(line => line.Length).ShouldBe(8000);
        TryRead(block, ResultsLog.Digest(noise), out var native).ShouldBeNull();
        native.ShouldBe(noise);
        TryRead(block.TrimEnd('\n'), ResultsLog.Digest(noise), out native).ShouldBeNull();
    }

    [Fact]
    public void OnlyTheDigestsOwnBlockCounts()
    {
        var digest = ResultsLog.Digest(Text);
        var other = Encoding.UTF8.GetBytes("{\"format\":\"agentreadiness.dev/results/v1\"}");
        // Another block, one that claims the digest, one that never ends, and then the real one.
        var lie = Block(other).Replace(ResultsLog.Digest(other), digest, StringComparison.Ordinal);
        TryRead(Block(other) + lie, digest, out _).ShouldBe("the results in the log are others than their digest says");
        var open = Block(Text)[..(Block(Text).IndexOf("-----END", StringComparison.Ordinal) - 10)];
        TryRead(Block(other) + lie + open + "\n" + Block(Text), digest, out var native).ShouldBeNull();
        native.ShouldBe(Text);
        TryRead(Block(Text), ResultsLog.Digest(other), out _).ShouldBe("the log holds no results of this digest");
        TryRead(Block(Text), digest.ToUpperInvariant(), out _).ShouldBe("the digest that is looked for is no SHA-256");
        TryRead(Block(Text), "", out _).ShouldBe("the digest that is looked for is no SHA-256");
    }

    [Fact]
    public void ABombStopsEarly()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 300; i++)
                gzip.Write(zeros);
        }
        var digest = ResultsLog.Digest(Text);
        var lines = string.Join('\n', Convert.ToBase64String(packed.ToArray()).Chunk(8000).Select(chunk => new string(chunk)));
        var bomb =
            $"-----BEGIN AGENT READINESS RESULTS v1 bytes={ResultsLog.MaxNativeBytes} sha256={digest}-----\n{lines}\n-----END AGENT "
            + $"READINESS RESULTS v1-----\n";
        TryRead(bomb, digest, out _).ShouldBe("the results in the log unpack to more than they say");
        // One bomb does not hide the block; a log full of them is given up.
        TryRead(bomb + Block(Text), digest, out var native).ShouldBeNull();
        native.ShouldBe(Text);
        TryRead(bomb + bomb + bomb + Block(Text), digest, out _).ShouldBe("the results in the log unpack to more than they say");
    }

    [Fact]
    public void ALogThatIsTooLongIsGivenUp()
    {
        var log = new Endless();
        ResultsLog.TryRead(log, ResultsLog.Digest(Text), out _, out var problem).ShouldBeFalse();
        problem!.ShouldStartWith("the log has more than");
        log.Taken.ShouldBeLessThan(ResultsLog.MaxLogBytes + 1024 * 1024);
    }

    [Fact]
    public void NoBrokenLogThrows()
    {
        var block = Encoding.UTF8.GetBytes(Block(Text));
        var digest = ResultsLog.Digest(Text);
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var log = block.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                log[random.Next(log.Length)] = (byte)random.Next(256);
            var cut = log[..random.Next(log.Length + 1)];
            // What is found is the text and nothing else, whatever was broken.
            if (ResultsLog.TryRead(new MemoryStream(cut), digest, out var native, out var problem))
                native.ShouldBe(Text);
            else
                problem.ShouldNotBeNullOrEmpty();
        }
    }

    private static string Block(byte[] native)
    {
        var log = new StringWriter();
        ResultsLog.Write(log, native).ShouldBeTrue();
        return log.ToString();
    }

    private static string? TryRead(string log, string digest, out byte[]? native)
    {
        ResultsLog.TryRead(new MemoryStream(Encoding.UTF8.GetBytes(log)), digest, out native, out var problem).ShouldBe(problem is null);
        return problem;
    }

    private static EvalResults Random(Random random)
    {
        string Word(int longest)
        {
            const string letters = "abcXYZ019 .-_/\"\\\n\t<&>éß🙂漢";
            var runes = letters.EnumerateRunes().ToArray();
            var text = string.Concat(
                Enumerable.Range(0, random.Next(1, longest + 1)).Select(_ => runes[random.Next(runes.Length)].ToString())
            );
            return text.Length > longest ? "x" : text;
        }
        var cases = Enumerable
            .Range(0, random.Next(0, 30))
            .Select(i =>
            {
                var outcome = (CaseOutcome)random.Next(4);
                var measured = outcome is CaseOutcome.Passed or CaseOutcome.Failed;
                return new MeasuredCase
                {
                    Id = $"{i}-{Word(random.Next(2) == 0 ? 10 : 500)}",
                    Outcome = outcome,
                    Score = measured
                        ? random.Next(3) switch
                        {
                            0 => outcome == CaseOutcome.Passed ? 1 : 0,
                            _ => 0.1 + (random.NextDouble() / 2),
                        }
                        : 0,
                    Weight = random.Next(3) == 0 ? Math.Round(0.1 + (random.NextDouble() * 5), 3) : 1,
                    Repeats =
                        measured ? random.Next(1, 12)
                        : outcome == CaseOutcome.Errored ? random.Next(3)
                        : 0,
                    Tags = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Word(20)).Distinct().Order(StringComparer.Ordinal)],
                    Cost = random.Next(3) switch
                    {
                        0 => null,
                        1 => random.Next() / 1_000_000_000_000m,
                        _ => random.Next(999_999_999) + (random.Next() / 1_000_000_000_000m),
                    },
                    Latency = random.Next(3) switch
                    {
                        0 => null,
                        1 => TimeSpan.FromTicks(random.Next(1000)),
                        _ => TimeSpan.FromTicks(random.NextInt64(999_999_999_999_999)),
                    },
                    Fault = outcome == CaseOutcome.Errored ? Word(256) : null,
                };
            });
        return new EvalResults { Format = ResultFormats.Native, Cases = [.. cases] };
    }

    /// <summary>A log that never ends.</summary>
    private sealed class Endless : MemoryStream
    {
        public long Taken { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)'x');
            Taken += buffer.Length;
            return buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }
}
