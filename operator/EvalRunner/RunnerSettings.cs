using System.Globalization;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.EvalRunner.Grading;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner;

/// <summary>A model that judges.</summary>
/// <param name="Url">The base of its OpenAI-compatible API.</param>
/// <param name="Model">Its name.</param>
/// <param name="Votes">Where a case does not say how many.</param>
internal sealed record JudgeSettings(Uri Url, string Model, int Votes);

/// <summary>What the operator asks for, from the environment.</summary>
internal sealed record RunnerSettings
{
    /// <summary>Where the kubelet looks for the report.</summary>
    public const string DefaultReportPath = "/dev/termination-log";

    /// <summary>UID of the EvalRun.</summary>
    public required string Run { get; init; }

    /// <summary>Path of the cases.</summary>
    public required string CasesFile { get; init; }

    /// <summary>The digest that the operator computed when it planned the run; null: it could not see the file.</summary>
    public string? CasesDigest { get; init; }

    /// <summary>The agent's endpoint.</summary>
    public required Uri Target { get; init; }

    /// <summary>Cases in flight at once.</summary>
    public int Parallelism { get; init; } = EvalDefaults.Parallelism;

    /// <summary>The longest that one attempt at a case may take.</summary>
    public TimeSpan CaseTimeout { get; init; } = GoDuration.Parse(EvalDefaults.CaseTimeout);

    /// <summary>Tags of cases that must pass.</summary>
    public IReadOnlySet<string> CriticalTags { get; init; } = new HashSet<string>();

    /// <summary>The pause before the first retry; it doubles, and up to half of it is random.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often each case is run: at least, and at most while the results do not decide.</summary>
    public (int Min, int Max) Repeats { get; init; } = (1, 1);

    /// <summary>What decides, where there may be more repeats than the least.</summary>
    public Thresholds Thresholds { get; init; } =
        new(1, double.Parse(EvalDefaults.Confidence, CultureInfo.InvariantCulture), EvalDefaults.MinCases);

    /// <summary>Null where no model judges.</summary>
    public JudgeSettings? Judge { get; init; }

    /// <summary>How the agent declares a refusal.</summary>
    public RefusalRule Refusal { get; init; } = new();

    /// <summary>The plan of chaos that each case is run under; null: none.</summary>
    public string? ChaosPlan { get; init; }

    /// <summary>Reads the environment.</summary>
    /// <exception cref="FormatException">A variable is missing or wrong; the message names it.</exception>
    public static RunnerSettings Read(Func<string, string?> variable)
    {
        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
        string Needed(string name) => Given(name) ?? throw new FormatException($"the variable {name} is not set");
        var settings = new RunnerSettings
        {
            Run = Needed(RunnerVariables.RunUid),
            CasesFile = Needed(RunnerVariables.CasesFile),
            CasesDigest = Given(RunnerVariables.CasesDigest),
            Target = Url(Needed(RunnerVariables.Target), RunnerVariables.Target),
            CriticalTags = (variable(RunnerVariables.CriticalTags) ?? string.Empty)
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .ToHashSet(StringComparer.Ordinal),
            Repeats = ReadRepeats(Given),
            Judge = ReadJudge(Given),
            Refusal = ReadRefusal(Given),
            ChaosPlan = Given(RunnerVariables.ChaosPlan),
        };
        if (settings.Repeats.Max > settings.Repeats.Min)
            settings = settings with { Thresholds = ReadThresholds(Given, settings.Thresholds) };
        if (Given(RunnerVariables.Parallelism) is { } parallelism)
            settings = settings with { Parallelism = Whole(parallelism, RunnerVariables.Parallelism, 1, 1024) };
        if (Given(RunnerVariables.CaseTimeout) is { } timeout)
        {
            settings = settings with
            {
                CaseTimeout =
                    GoDuration.TryParse(timeout, out var duration) && duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(1)
                        ? duration
                        : throw new FormatException("CASE_TIMEOUT must be a duration such as \"60s\", at most 24h"),
            };
        }
        return settings;
    }

    private static (int Min, int Max) ReadRepeats(Func<string, string?> given)
    {
        var min = given(RunnerVariables.RepeatsMin) is { } least ? Whole(least, RunnerVariables.RepeatsMin, 1, 100) : 1;
        var max = given(RunnerVariables.RepeatsMax) is { } most ? Whole(most, RunnerVariables.RepeatsMax, 1, 100) : min;
        return max >= min ? (min, max) : throw new FormatException("REPEATS_MAX must not be less than REPEATS_MIN");
    }

    private static Thresholds ReadThresholds(Func<string, string?> given, Thresholds fallback) =>
        new(
            Share(
                given(RunnerVariables.MinScore)
                    ?? throw new FormatException("the variable MIN_SCORE is not set, and REPEATS_MAX is above REPEATS_MIN"),
                RunnerVariables.MinScore,
                0,
                1
            ),
            given(RunnerVariables.Confidence) is { } confidence
                ? Share(confidence, RunnerVariables.Confidence, 0.5, 0.999999)
                : fallback.Confidence,
            given(RunnerVariables.MinCases) is { } cases
                ? Whole(cases, RunnerVariables.MinCases, 1, ResultsReader.MaxCases)
                : fallback.MinCases
        );

    private static JudgeSettings? ReadJudge(Func<string, string?> given)
    {
        if (given(RunnerVariables.JudgeUrl) is not { } url)
            return null;
        var votes = given(RunnerVariables.JudgeVotes) is { } number ? Whole(number, RunnerVariables.JudgeVotes, 1, 9) : 1;
        return votes % 2 == 1
            ? new JudgeSettings(
                Url(url, RunnerVariables.JudgeUrl),
                given(RunnerVariables.JudgeModel) ?? throw new FormatException("the variable JUDGE_MODEL is not set, and JUDGE_URL is"),
                votes
            )
            : throw new FormatException("JUDGE_VOTES must be an odd number");
    }

    private static RefusalRule ReadRefusal(Func<string, string?> given)
    {
        var rule = new RefusalRule();
        if (given(RunnerVariables.RefusalStatus) is { } status)
            rule = rule with { Status = Whole(status, RunnerVariables.RefusalStatus, 400, 499) };
        return given(RunnerVariables.RefusalText) is { } text ? rule with { Text = RefusalRule.ReadText(text) } : rule;
    }

    private static Uri Url(string text, string name) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new FormatException($"{name} must be an http or https URL");

    private static int Whole(string text, string name, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"{name} must be a whole number from {min} to {max}");

    private static double Share(string text, string name, double min, double max) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number >= min
        && number <= max
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {min} to {max}"));
}
