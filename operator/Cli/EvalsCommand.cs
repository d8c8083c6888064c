using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Evals;

namespace AgentReadiness.Cli;

/// <summary>"evals import": gives the verdict on a file of results without a cluster.</summary>
internal static class EvalsCommand
{
    /// <summary>The name of the group of commands.</summary>
    public const string Group = "evals";

    /// <summary>The name of the command.</summary>
    public const string Import = "import";

    /// <summary>The exit code of a wrong command line.</summary>
    public const int Usage = 2;

    // The list is for people and is cut here. The verdict counts every failing case.
    private const int MaxFailing = 100;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The group with its command.</summary>
    /// <param name="bytes">What "-" reads.</param>
    public static Command Create(Stream bytes)
    {
        var file = new Argument<string>("FILE") { Description = "The results; \"-\" is standard input." };
        var minScore = Number("--min-score", "The score to reach, 0 to 1.", null, value => value is >= 0 and <= 1);
        var confidence = Number(
            "--confidence",
            "The confidence of the one-sided bounds and of the test against the baseline, from 0.5 to below 1.",
            0.95,
            value => value is >= 0.5 and < 1
        );
        var minCases = Number(
            "--min-cases",
            "The fewest measured cases that can prove anything, 1 to 100000.",
            10,
            value => value is >= 1 and <= ResultsReader.MaxCases && double.IsInteger(value)
        );
        var baseline = new Option<string?>("--baseline")
        {
            Description = "Results of the revision that serves now, in any of the formats. The two are compared case by case.",
        };
        var maxRegression = Number(
            "--max-regression",
            "How far the score may fall below the baseline's, 0 to 1.",
            0,
            value => value is >= 0 and <= 1
        );
        var looks = Number(
            "--looks",
            "How many times results that grow may be looked at, 1 to 100. The allowed error is split over the looks.",
            1,
            value => value is >= 1 and <= 100 && double.IsInteger(value)
        );
        var critical = new Option<string[]>("--critical-tag")
        {
            Description = "Every case with this tag must pass every repeat. May be given several times.",
            DefaultValueFactory = _ => [],
        };
        var import = new Command(
            Import,
            """
            Reads a results file, prints its normalised counts and the verdict as one JSON object, and says why on standard error.

            The format is found by content: promptfoo JSON or JSON Lines, Inspect AI .json or .eval, DeepEval TestRun, JUnit XML,
            Microsoft.Extensions.AI.Evaluation, OpenAI Evals output items, azure-ai-evaluation, or the native one (docs/evals.md). "failing"
            names at most 100 cases.

            Exit codes: 0 Passed; 1 Failed; 2 the command line is wrong; 3 Inconclusive; 4 Error: unreadable, partial or empty results.
            """
        )
        {
            file,
            minScore,
            confidence,
            minCases,
            baseline,
            maxRegression,
            looks,
            critical,
        };
        import.SetAction(
            async (parsed, cancellationToken) =>
            {
                var bar = new ResultsBar(
                    new Thresholds(
                        parsed.GetRequiredValue(minScore),
                        parsed.GetRequiredValue(confidence),
                        (int)parsed.GetRequiredValue(minCases)
                    )
                )
                {
                    CriticalTags = parsed.GetRequiredValue(critical),
                    MaxRegression = parsed.GetRequiredValue(maxRegression),
                    Looks = (int)parsed.GetRequiredValue(looks),
                };
                var results = await ReadAsync(parsed.GetRequiredValue(file), bytes, cancellationToken);
                var before = parsed.GetValue(baseline) is { } path ? await ReadAsync(path, bytes, cancellationToken) : null;
                var verdict = ResultsVerdict.Decide(results, bar, before);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(Describe(results, bar, verdict).ToJsonString(Indented));
                // The message quotes the file, and the file may hold control characters that a terminal would obey.
                var message = string.Concat(
                    $"{verdict.Message}{(verdict.Fault is { } fault ? $"; {fault}" : string.Empty)}".Select(letter =>
                        char.IsControl(letter) ? ' ' : letter
                    )
                );
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"{verdict.Phase}: {message}");
                return ExitCode(verdict.Phase);
            }
        );
        import.Validators.Add(result =>
        {
            if (result.GetValue(file) == "-" && result.GetValue(baseline) == "-")
                result.AddError("FILE and --baseline cannot both be standard input.");
        });
        return new Command(Group, "Results of evals.") { import, SubmitCommand.Create() };
    }

    /// <summary>The exit code of a verdict.</summary>
    public static int ExitCode(EvalPhase phase) =>
        phase switch
        {
            EvalPhase.Passed => 0,
            EvalPhase.Failed => 1,
            EvalPhase.Inconclusive => 3,
            _ => 4,
        };

    private static Option<double> Number(string name, string description, double? otherwise, Predicate<double> holds)
    {
        var option = new Option<double>(name)
        {
            Description = description,
            Required = otherwise is null,
            CustomParser = argument =>
            {
                if (
                    double.TryParse(
                        argument.Tokens.Count == 1 ? argument.Tokens[0].Value : null,
                        NumberStyles.AllowDecimalPoint,
                        CultureInfo.InvariantCulture,
                        out var value
                    ) && holds(value)
                )
                    return value;
                argument.AddError($"{name}: {description}");
                return double.NaN;
            },
        };
        if (otherwise is { } value)
            option.DefaultValueFactory = _ => value;
        return option;
    }

    private static async Task<EvalResults> ReadAsync(string path, Stream standardInput, CancellationToken cancellationToken)
    {
        try
        {
            if (path == "-")
                return await SpooledAsync(standardInput, cancellationToken);
            await using var file = File.OpenRead(path);
            return file.CanSeek ? ResultsReader.Read(file) : await SpooledAsync(file, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new EvalResults { Problems = [new ResultsProblem(EvalReasons.ResultsUnreadable, exception.Message)] };
        }
    }

    // A reader goes over a file twice, first to find its format, so a stream that cannot seek is copied into a file.
    private static async Task<EvalResults> SpooledAsync(Stream stream, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
        };
        // Results quote prompts and answers, so nobody else who uses the same folder may read the copy.
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var copy = new FileStream(path, options);
        var buffer = new byte[128 * 1024];
        int count;
        // The copy may end after one byte too many, because the reader refuses such a file.
        while (copy.Length <= ResultsReader.MaxBytes && (count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            await copy.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        return ResultsReader.Read(copy);
    }

    private static JsonObject Describe(EvalResults results, ResultsBar bar, VerdictResult verdict)
    {
        int Count(CaseOutcome outcome) => results.Cases.Count(one => one.Outcome == outcome);
        static JsonNode? Share(double? value) => value is { } share ? share.ToString("0.######", CultureInfo.InvariantCulture) : null;
        var json = new JsonObject
        {
            ["format"] = results.Format,
            ["cases"] = results.Cases.Count,
            ["passed"] = Count(CaseOutcome.Passed),
            ["failed"] = Count(CaseOutcome.Failed),
            ["errored"] = Count(CaseOutcome.Errored),
            ["skipped"] = Count(CaseOutcome.Skipped),
            ["score"] = Share(verdict.Score),
            ["lower"] = Share(verdict.Lower),
            ["upper"] = Share(verdict.Upper),
            ["verdict"] = verdict.Phase.ToString(),
            ["reason"] = verdict.Reason,
            ["failing"] = new JsonArray([.. ResultsVerdict.Failing(results, bar).Take(MaxFailing).Select(one => (JsonNode)one.Id)]),
        };
        if (results.Fallbacks is { } fallbacks)
            json["fallbacks"] = fallbacks;
        return json;
    }
}
