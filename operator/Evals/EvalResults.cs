namespace AgentReadiness.Evals;

/// <summary>How one case ended.</summary>
public enum CaseOutcome
{
    /// <summary>Measured, and good in every repeat.</summary>
    Passed,

    /// <summary>Measured, and not good in at least one repeat.</summary>
    Failed,

    /// <summary>At least one repeat could not be measured: the score is unknown, which is not good.</summary>
    Errored,

    /// <summary>
    /// Left out on purpose by the tool, or a case in which nothing was asserted: it counts neither for nor against, and never as passed.
    /// </summary>
    Skipped,
}

/// <summary>One case of an evaluation, its repeats taken together.</summary>
public sealed record MeasuredCase
{
    /// <summary>Names the case in this file and in a baseline: 1 to 512 characters, unique within a file.</summary>
    public required string Id { get; init; }

    /// <summary>0 to 1: the mean over the measured repeats. 0 and without meaning where the outcome is Errored or Skipped.</summary>
    public required double Score { get; init; }

    /// <summary>The worst of the repeats; repeats that were skipped beside measured ones do not count.</summary>
    public required CaseOutcome Outcome { get; init; }

    /// <summary>Repeats that were measured, at least 1 for a case that passed or failed.</summary>
    public required int Repeats { get; init; }

    /// <summary>What the case counts in the mean, beside the others: above 0, and 1 where nothing is said.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Tags of the case, at most 64, sorted.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>What the agent's calls of all repeats cost, in USD; null where the tool does not say.</summary>
    public decimal? Cost { get; init; }

    /// <summary>
    /// How many calls of models, of all repeats, another upstream answered than the one that was called; null where the tool does not say.
    /// </summary>
    public long? Fallbacks { get; init; }

    /// <summary>The slowest repeat; null where the tool does not say.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Faults of an evaluation's chaos that it met in any repeat, at most 16, sorted; only our own runner tells.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Why it could not be measured, or why it is skipped where that is known, shortened; null otherwise.</summary>
    public string? Fault { get; init; }
}

/// <summary>Why a results file as a whole proves nothing.</summary>
/// <param name="Reason">One word of <see cref="EvalReasons"/>.</param>
/// <param name="Message">For people: what is wrong, and with which value.</param>
public sealed record ResultsProblem(string Reason, string Message);

/// <summary>A results file of any tool in one shape.</summary>
public sealed record EvalResults
{
    /// <summary>One word of <see cref="ResultFormats"/>; null where the format was not recognised.</summary>
    public string? Format { get; init; }

    /// <summary>At most <see cref="ResultsReader.MaxCases"/>, sorted by ID, so that the order of the file changes nothing.</summary>
    public IReadOnlyList<MeasuredCase> Cases { get; init; } = [];

    /// <summary>
    /// How many calls of models of all cases another upstream answered than the one that was called; null where no case says so.
    /// </summary>
    public long? Fallbacks => Cases.Any(one => one.Fallbacks is not null) ? Cases.Sum(one => one.Fallbacks ?? 0) : null;

    /// <summary>Cases of the whole evaluation, where <see cref="Cases"/> is a sample of them; null where it is all of them.</summary>
    public int? SampledFrom { get; init; }

    /// <summary>Why the file as a whole cannot be used, whatever its cases say; empty where it can.</summary>
    public IReadOnlyList<ResultsProblem> Problems { get; init; } = [];
}

/// <summary>The formats that can be read; stable words that programs may rely on.</summary>
public static class ResultFormats
{
    /// <summary>Our own, JSON or JSON Lines.</summary>
    public const string Native = "native";

    /// <summary>promptfoo's JSON or JSON Lines output.</summary>
    public const string Promptfoo = "promptfoo";

    /// <summary>A log of Inspect AI, JSON or zipped.</summary>
    public const string Inspect = "inspect";

    /// <summary>A TestRun of DeepEval.</summary>
    public const string DeepEval = "deepeval";

    /// <summary>JUnit XML.</summary>
    public const string JUnit = "junit";

    /// <summary>Results of Microsoft.Extensions.AI.Evaluation.</summary>
    public const string ExtensionsAI = "extensions-ai";

    /// <summary>Output items of OpenAI's Evals API, with or without their run.</summary>
    public const string OpenAIEvals = "openai-evals";

    /// <summary>The output of azure-ai-evaluation.</summary>
    public const string AzureEvaluation = "azure-ai-evaluation";
}
