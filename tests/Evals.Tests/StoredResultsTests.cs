using System.IO.Compression;
using System.Security.Cryptography;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

public sealed class StoredResultsTests
{
    private static readonly ResultsBar Bar = new(new Thresholds(0, 0.95, 10));

    private static MeasuredCase Case(string id, double score, CaseOutcome outcome = CaseOutcome.Failed, int repeats = 1) =>
        new()
        {
            Id = id,
            Score = score,
            Outcome = outcome,
            Repeats = repeats,
        };

    private static EvalResults Random(int cases, int seed)
    {
        var random = new Random(seed);
        return new EvalResults
        {
            Format = "native",
            Cases =
            [
                .. Enumerable
                    .Range(0, cases)
                    .Select(i => Case(string.Create(CultureInfo.InvariantCulture, $"suite/case number {i:000000}"), random.NextDouble())),
            ],
        };
    }

    [Fact]
    public void WhatIsStoredComesBack()
    {
        var results = new EvalResults
        {
            Format = "promptfoo",
            Cases =
            [
                Case("a", 1, CaseOutcome.Passed),
                Case("a b", 0),
                Case("aß𝄞", 1.0 / 3, repeats: 300),
                Case("b\0\n", double.Epsilon),
                Case("c", 0, CaseOutcome.Errored, 0),
                Case("d", 0, CaseOutcome.Skipped, 0),
                Case(new string('x', 512), 1, CaseOutcome.Failed, int.MaxValue),
            ],
        };
        var text = StoredResults.Encode(results);
        StoredResults.Info(text).ShouldBe(new StoredInfo(7, 7));
        var back = StoredResults.Decode(text);
        back.Problems.ShouldBeEmpty();
        (back.Format, back.SampledFrom).ShouldBe(("promptfoo", null));
        back.Cases.Select(one => (one.Id, one.Score, one.Outcome, one.Repeats))
            .ShouldBe(results.Cases.Select(one => (one.Id, one.Score, one.Outcome, one.Repeats)));
    }

    [Fact]
    public void TheOrderOfTheCasesChangesNothing()
    {
        var results = Random(3000, 1);
        StoredResults.Encode(results with { Cases = [.. results.Cases.Reverse()] }).ShouldBe(StoredResults.Encode(results));
    }

    [Fact]
    public void TwoThousandPassesAndFailuresFitWhole()
    {
        var random = new Random(2);
        var results = ResultsFiles.Scores([.. Enumerable.Range(0, 2000).Select(_ => random.NextDouble() < 0.9 ? 1.0 : 0)]);
        var text = StoredResults.Encode(results);
        text.Length.ShouldBeLessThan(2000);
        StoredResults.Decode(text).Cases.Select(one => one.Score).ShouldBe(results.Cases.Select(one => one.Score));
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(20_000)]
    [InlineData(100_000)]
    public void WhatDoesNotFitIsASampleThatTwoRunsShare(int cases)
    {
        var (first, second) = (StoredResults.Encode(Random(cases, 3)), StoredResults.Encode(Random(cases, 4)));
        first.Length.ShouldBeInRange(15_500, StoredResults.MaxChars);
        var info = StoredResults.Info(first);
        (info.Total, info.IsSample).ShouldBe((cases, true));
        info.Kept.ShouldBeGreaterThan(900);
        var (before, now) = (StoredResults.Decode(first), StoredResults.Decode(second));
        (before.SampledFrom, before.Cases.Count).ShouldBe((cases, info.Kept));
        var common = before.Cases.Select(one => one.Id).Intersect(now.Cases.Select(one => one.Id)).Count();
        common.ShouldBe(Math.Min(before.Cases.Count, now.Cases.Count));
        // The lowest digests, and not the first or the luckiest cases.
        var expected = Random(cases, 3)
            .Cases.OrderBy(one => Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(one.Id))), StringComparer.Ordinal)
            .Take(info.Kept);
        before
            .Cases.Select(one => (one.Id, one.Score))
            .ShouldBe(expected.Select(one => (one.Id, one.Score)).OrderBy(one => one.Id, StringComparer.Ordinal));
    }

    [Fact]
    public void ASampleIsABaseline()
    {
        var before = ResultsFiles.Scores([.. Random(20_000, 5).Cases.Select(one => 0.5 + (one.Score / 2))]);
        var baseline = StoredResults.Decode(StoredResults.Encode(before));
        var worse = before with { Cases = [.. before.Cases.Select(one => one with { Score = one.Score - 0.1 })] };
        var verdict = ResultsVerdict.Decide(worse, Bar, baseline);
        (verdict.Phase, verdict.Reason).ShouldBe((EvalPhase.Failed, "Regressed"));
        verdict.Message.ShouldContain(
            string.Create(
                CultureInfo.InvariantCulture,
                $"over {baseline.Cases.Count} common cases, from a sample of {baseline.Cases.Count} of the baseline's 20000,"
            )
        );
        ResultsVerdict.Decide(before, Bar, baseline).Reason.ShouldBe("ScoreCleared");
        // A suite may ask for more cases than a sample holds; cases of another suite are still no baseline.
        var many = new ResultsBar(new Thresholds(0, 0.95, 10_000));
        ResultsVerdict.Decide(worse, many, baseline).Reason.ShouldBe("Regressed");
        ResultsVerdict
            .Decide(worse with { Cases = [.. worse.Cases.Select(one => one with { Id = "other " + one.Id })] }, many, baseline)
            .Reason.ShouldBe("TooFewPairs");
    }

    [Fact]
    public void ResultsThatAreNoneAreNoBaseline()
    {
        var problem = ResultsFiles.PassFail(10, 0) with { Problems = [new ResultsProblem("RunIncomplete", "half")] };
        foreach (var results in new[] { problem, new EvalResults() })
            ReasonOf(StoredResults.Encode(results)).ShouldBe("BaselineUnusable");
        ResultsVerdict.Decide(ResultsFiles.PassFail(100, 0), Bar, StoredResults.Decode(null)).Reason.ShouldBe("BaselineUnusable");
    }

    private static string ReasonOf(string? text)
    {
        var results = StoredResults.Decode(text);
        results.Cases.ShouldBeEmpty();
        return results.Problems.Single().Reason;
    }

    [Theory]
    [InlineData("")]
    [InlineData("r1.")]
    [InlineData("r1.A")]
    [InlineData("r1.AAAAAAAAAAAAAAAA")]
    [InlineData("r1.🙂🙂🙂🙂")]
    [InlineData("r2.AAAA")]
    [InlineData("{}")]
    public void OtherTextsAreUnusable(string text)
    {
        ReasonOf(text).ShouldBe("BaselineUnusable");
        StoredResults.Info(text).ShouldBe(new StoredInfo(0, 0));
    }

    [Fact]
    public void ADamagedTextIsUnusableWhereverTheDamageIs()
    {
        var text = StoredResults.Encode(Random(100, 6));
        for (var i = 0; i < text.Length; i += 3)
        {
            var other = text[i] == 'A' ? 'B' : 'A';
            ReasonOf(text[..i] + other + text[(i + 1)..]).ShouldBe("BaselineUnusable", $"character {i}");
            ReasonOf(text[..i]).ShouldBe("BaselineUnusable", $"cut at {i}");
        }
        ReasonOf(text + new string('A', StoredResults.MaxChars)).ShouldBe("BaselineUnusable");
    }

    // With a digest that fits: what one writes who knows the format.
    private static string Forged(params byte[] body)
    {
        var packed = new byte[body.Length + 1000];
        BrotliEncoder.TryCompress(body, packed, out var length, 9, 22).ShouldBeTrue();
        return "r1." + Convert.ToBase64String([.. SHA256.HashData(body).AsSpan(0, 8), .. packed.AsSpan(0, length)]);
    }

    [Fact]
    public void AForgedTextIsUnusable()
    {
        // One case "a" that passed once: total, kept, no format, shared, length, ID, kind, repeats.
        byte[] sound = [1, 1, 0, 0, 1, (byte)'a', 4, 1];
        StoredResults.Decode(Forged(sound)).Cases.Single().ShouldBe(Case("a", 1, CaseOutcome.Passed), new ById());
        byte[][] bodies =
        [
            [],
            [1],
            [1, 2, 0],
            [0, 0, 0],
            [1, 1, 1, 0xFF, 0, 1, (byte)'a', 4, 1],
            [1, 1, 65],
            [.. sound, 0],
            sound[..^1],
            [1, 1, 0, 1, 1, (byte)'a', 4, 1],
            [1, 1, 0, 0, 0, 4, 1],
            [1, 1, 0, 0, 1, 0xFF, 4, 1],
            [1, 1, 0, 0, 1, (byte)'a', 12, 1],
            [1, 1, 0, 0, 1, (byte)'a', 16, 1],
            [1, 1, 0, 0, 1, (byte)'a', 4, 0],
            [1, 1, 0, 0, 1, (byte)'a', 9, 1, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F],
            [1, 1, 0, 0, 1, (byte)'a', 9, 1, 0, 0, 0, 0, 0, 0, 0, 0x40],
            [2, 2, 0, 0, 1, 1, 0, (byte)'a', 4, 4, 1, 1],
            [2, 2, 0, 0, 0, 1, 1, (byte)'b', (byte)'a', 4, 4, 1, 1],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            [0x80, 0x80, 0x80, 0x80, 0x10, 0, 0],
            [0xA0, 0x8D, 6, 0xA0, 0x8D, 6, 0],
            [1, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 7, (byte)'a', 4, 1],
        ];
        foreach (var body in bodies)
            ReasonOf(Forged(body)).ShouldBe("BaselineUnusable", Convert.ToHexString(body));
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var body = sound.ToArray();
            body[random.Next(body.Length)] = (byte)random.Next(256);
            Should.NotThrow(() => StoredResults.Decode(Forged(body)));
        }
    }

    [Fact]
    public void UnpacksNoBomb()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var bomb = Forged(new byte[200 * 1024 * 1024]);
        var made = GC.GetAllocatedBytesForCurrentThread() - before;
        bomb.Length.ShouldBeLessThan(StoredResults.MaxChars);
        StoredResults.Decode(bomb).Problems.Single().Message.ShouldContain("unpacks to more than");
        (GC.GetAllocatedBytesForCurrentThread() - before - made).ShouldBeLessThan(40 * 1024 * 1024);
        // A few bytes that stand for a long ID, a hundred thousand times.
        byte[] ids =
        [
            0xA0,
            0x8D,
            6,
            0xA0,
            0x8D,
            6,
            0,
            0,
            .. Enumerable.Repeat<byte[]>([0xF4, 3], 99_999).SelectMany(two => two),
            0xF4,
            3,
            .. Enumerable.Repeat((byte)1, 99_999),
            .. new byte[1_000_000],
        ];
        ReasonOf(Forged(ids)).ShouldBe("BaselineUnusable");
    }

    private sealed class ById : IEqualityComparer<MeasuredCase>
    {
        public bool Equals(MeasuredCase? one, MeasuredCase? other) => one?.ToString() == other?.ToString();

        public int GetHashCode(MeasuredCase one) => 0;
    }
}
