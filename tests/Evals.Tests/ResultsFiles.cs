using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

/// <summary>Results files of tests: the samples below data, and what is made of them.</summary>
internal static class ResultsFiles
{
    public static string Text(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", name));

    public static EvalResults Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    public static EvalResults Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return ResultsReader.Read(stream);
    }

    /// <summary>The verdict of one case, with a bar that a pass reaches and a failure does not.</summary>
    public static EvalPhase Verdict(string text) => ResultsVerdict.Decide(Read(text), new ResultsBar(new Thresholds(0.5, 0.5, 1))).Phase;

    /// <summary>A sample with one place changed, which must be there.</summary>
    public static string Changed(string name, string from, string to)
    {
        var text = Text(name);
        var index = text.IndexOf(from, StringComparison.Ordinal);
        return index < 0 ? throw new ArgumentException($"{name} has no {from}") : text[..index] + to + text[(index + from.Length)..];
    }

    public static IEnumerable<string> Summary(EvalResults results) =>
        results.Cases.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Id}={one.Outcome}:{one.Score:0.###}"));

    /// <summary>Native results, one case for each score.</summary>
    public static EvalResults Scores(params double[] scores) =>
        new()
        {
            Format = ResultFormats.Native,
            Cases =
            [
                .. scores.Select(
                    (score, i) =>
                        new MeasuredCase
                        {
                            Id = string.Create(CultureInfo.InvariantCulture, $"c{i:00000}"),
                            Score = score,
                            Outcome = score == 1 ? CaseOutcome.Passed : CaseOutcome.Failed,
                            Repeats = 1,
                        }
                ),
            ],
        };

    public static EvalResults PassFail(int passed, int failed) =>
        Scores([.. Enumerable.Repeat(1.0, passed), .. Enumerable.Repeat(0.0, failed)]);
}
