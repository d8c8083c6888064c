using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// Our own format, as docs/evals.md defines it: one JSON document, or JSON Lines with a first line that says how many cases follow.
/// </summary>
internal sealed class NativeReader(JsonStream json)
{
    /// <summary>What the member "format" says.</summary>
    public const string Marker = ResultsLog.NativeFormat;

    private const int MaxError = 1000;
    private const int MaxRepeats = 1_000_000;

    private readonly CaseCollector cases = new();
    private readonly HashSet<(string Id, string Repeat)> seen = [];
    private readonly JsonWords header = new(json);
    private double? declared;
    private bool inside;
    private string? failure;

    /// <summary>Reads one document with its cases inside.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new NativeReader(json);
        reader.Header();
        if (!reader.inside)
            throw ResultsException.Unreadable("\"cases\" is no list");
        return reader.cases;
    }

    /// <summary>Reads a first line and the cases after it.</summary>
    public static CaseCollector Lines(JsonStream json)
    {
        var reader = new NativeReader(json);
        reader.Header();
        // Without it, a file that lost its second half looks whole.
        if (reader.declared is not { } count)
            throw new ResultsException(
                EvalReasons.RunIncomplete,
                "the first line must say how many results follow: {\"format\": \"…\", \"cases\": 120}"
            );
        while (json.Read())
            reader.Case();
        if (count != reader.seen.Count)
        {
            var message = string.Create(
                CultureInfo.InvariantCulture,
                $"the first line says {count} results, but {reader.seen.Count} follow"
            );
            throw new ResultsException(reader.seen.Count < count ? EvalReasons.RunIncomplete : EvalReasons.CountsDisagree, message);
        }
        return reader.cases;
    }

    private void Header()
    {
        json.Object(HeaderMember);
        if (failure is not null)
            throw new ResultsException(EvalReasons.RunnerFailed, failure.Length <= MaxError ? failure : failure[..MaxError] + "…");
        header.CheckFile();
    }

    private void HeaderMember(string name)
    {
        switch (name)
        {
            case "error":
                failure = json.Scalar() is { IsNull: false } said ? said.Name ?? "the runner failed" : null;
                break;
            case "format" when json.Scalar().Text != Marker:
                throw new ResultsException(
                    EvalReasons.UnknownFormat,
                    $"\"format\" is \"{json.Scalar().Text}\", and only \"{Marker}\" is known"
                );
            case "cases" when json.Token == JsonTokenType.StartArray:
                inside = true;
                json.ArrayIfAny(Case);
                break;
            case "cases":
                declared = json.Scalar().Finite;
                break;
            default:
                header.Look(name);
                break;
        }
    }

    private void Case()
    {
        string? id = null,
            error = null,
            reason = null;
        var repeat = "1";
        JsonScalar score = default,
            passed = default;
        bool? skipped = null;
        var words = new JsonWords(json);
        decimal? cost = null;
        double? seconds = null,
            fallbacks = null;
        int? repeats = null;
        double? weight = null;
        List<string> tags = [],
            faults = [];
        json.Object(name =>
        {
            switch (name)
            {
                case "id":
                    id = json.Scalar().Name;
                    break;
                case "repeat":
                    repeat = json.Scalar().Name ?? "?";
                    break;
                case "repeats":
                    repeats =
                        json.Scalar().Finite is { } count and >= 1 and <= MaxRepeats && count == Math.Floor(count)
                            ? (int)count
                            : throw ResultsException.Unreadable(
                                $"result {seen.Count + 1}: \"repeats\" is no whole number from 1 to {MaxRepeats}"
                            );
                    break;
                case "score":
                    score = json.Scalar();
                    break;
                case "passed":
                    passed = json.Scalar();
                    break;
                case "skipped":
                    skipped = words.Flag(name);
                    break;
                case "error":
                    error = json.Scalar() is { IsNull: false } said ? said.Name ?? "error" : null;
                    break;
                case "reason":
                    reason = json.Scalar().Text;
                    break;
                case "tags":
                    tags = json.Texts();
                    break;
                case "faults":
                    faults = json.Texts();
                    break;
                case "weight":
                    weight = json.Scalar() is { IsNull: false } number ? number.Number : null;
                    break;
                case "cost":
                    cost = Decimal(json.Scalar());
                    break;
                case "fallbacks":
                    fallbacks = json.Scalar().Finite;
                    break;
                case "latency":
                    seconds = json.Scalar().Finite;
                    break;
                default:
                    words.Look(name);
                    break;
            }
        });
        if (id is not { Length: > 0 })
            throw ResultsException.Unreadable($"result {seen.Count + 1} has no id");
        if (!seen.Add((id, repeat)))
            throw new ResultsException(
                EvalReasons.DuplicateCases,
                $"case {id} is there twice; repeats of a case are told apart by \"repeat\""
            );
        var result = Result(id, score, passed, skipped == true, error ?? words.Fault);
        cases.Add(
            result with
            {
                Fault = result.Outcome == CaseOutcome.Skipped ? reason : result.Fault,
                Tags = tags,
                Faults = faults,
                Weight = weight,
                Cost = cost,
                Fallbacks = fallbacks,
                LatencySeconds = seconds,
                Repeats = repeats ?? result.Repeats,
            }
        );
    }

    private static Measurement Result(string id, JsonScalar score, JsonScalar passed, bool skipped, string? error)
    {
        if (error is not null)
            return new Measurement(id, CaseOutcome.Errored, 0) { Fault = error };
        var (hasScore, hasPassed) = (
            score.Kind is not (JsonValueKind.Undefined or JsonValueKind.Null),
            passed.Kind is not (JsonValueKind.Undefined or JsonValueKind.Null)
        );
        if (skipped)
        {
            return !hasScore && !hasPassed
                ? new Measurement(id, CaseOutcome.Skipped, 0)
                : throw ResultsException.Disagree($"case {id} is skipped, and has a result");
        }
        if (hasPassed && passed.Flag is null)
            throw new ResultsException(EvalReasons.ScoreInvalid, $"case {id}: \"passed\" is neither true nor false");
        if (hasScore && score.Finite is null)
            throw new ResultsException(EvalReasons.ScoreInvalid, $"case {id}: \"score\" is no number");
        if (!hasScore && !hasPassed)
            return new Measurement(id, CaseOutcome.Errored, 0) { Fault = "neither score nor passed" };
        var value =
            hasScore ? score.Number
            : passed.Flag == true ? 1
            : 0;
        return new Measurement(id, (hasPassed ? passed.Flag == true : value >= 1) ? CaseOutcome.Passed : CaseOutcome.Failed, value);
    }

    // A text holds the amount as it is; a number went through a double.
    private static decimal? Decimal(JsonScalar value) =>
        value.Text is { } text && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : Measurement.Usd(value.Finite);
}
