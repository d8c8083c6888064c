using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// A log of Inspect AI as src/inspect_ai/log/_log.py defines it, JSON: <c>status</c>, <c>invalidated</c>, <c>results</c> and
/// <c>samples</c>. A sample is a case, an epoch a repeat of it. With several scorers the lowest score is the sample's: a case is as
/// good as its worst side.
/// </summary>
internal sealed class InspectReader
{
    private readonly CaseCollector cases = new();
    private readonly HashSet<(string Id, string Epoch)> seen = [];
    private JsonWords? words;
    private string? status;
    private string? error;
    private bool invalidated;
    private bool scored;
    private double? total;
    private double? completed;

    /// <summary>Reads a log in one JSON document.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new InspectReader();
        json.Object(name => reader.Member(json, name));
        return reader.Finish();
    }

    /// <summary>Reads what stands beside the samples.</summary>
    public void Header(JsonStream json) => json.Object(name => Member(json, name));

    /// <summary>Reads one sample.</summary>
    public void Sample(JsonStream json)
    {
        var sample = new InspectSample();
        sample.Read(json);
        if (sample.Id is not { Length: > 0 } id)
            throw ResultsException.Unreadable($"sample {seen.Count + 1} has no ID");
        if (!seen.Add((id, sample.Epoch)))
            throw new ResultsException(EvalReasons.DuplicateCases, $"sample {id}, epoch {sample.Epoch}, is there twice");
        invalidated |= sample.Invalidated;
        scored |= sample.IsScored;
        cases.Add(sample.ToMeasurement(id));
    }

    /// <summary>The cases of a log that is whole.</summary>
    public CaseCollector Finish()
    {
        words?.CheckFile();
        if (status != "success")
            throw Incomplete($"the log's status is {status ?? "missing"}{(error is null ? string.Empty : $": {error}")}");
        if (error is not null)
            throw Incomplete($"the log has an error: {error}");
        if (invalidated)
            throw Incomplete("the log, or a sample of it, was invalidated");
        if (total is null || completed is null)
            throw Incomplete("the log has no results");
        if (completed != total)
            throw Incomplete(string.Create(CultureInfo.InvariantCulture, $"{completed} of {total} samples were completed"));
        if (total != cases.Count)
            throw ResultsException.Disagree(
                string.Create(CultureInfo.InvariantCulture, $"total_samples is {total}, but {cases.Count} samples are in the log")
            );
        // A task without a scorer answers questions, and measures nothing.
        if (!scored && cases.Count > 0)
            throw new ResultsException(
                EvalReasons.NoCases,
                "no sample was scored: the task has no scorer, or its scores are not in the log"
            );
        return cases;
    }

    private static ResultsException Incomplete(string message) => new(EvalReasons.RunIncomplete, message);

    private void Member(JsonStream json, string name)
    {
        switch (name)
        {
            case "status":
                status = json.Scalar().Text;
                break;
            case "invalidated":
                invalidated |= json.Scalar() is { IsNull: false, Flag: not false };
                break;
            case "error":
                error = JsonWords.Error(json);
                break;
            case "results":
                json.ObjectIfAny(part =>
                {
                    switch (part)
                    {
                        case "total_samples":
                            total = json.Scalar().Finite;
                            break;
                        case "completed_samples":
                            completed = json.Scalar().Finite;
                            break;
                        default:
                            break;
                    }
                });
                break;
            case "samples":
                json.ArrayIfAny(() => Sample(json));
                break;
            default:
                (words ??= new JsonWords(json)).Look(name);
                break;
        }
    }
}

/// <summary>One sample of a log, in one epoch.</summary>
internal sealed class InspectSample
{
    private readonly List<(string Scorer, JsonScalar Value)> scores = [];
    private List<string> tags = [];
    private JsonWords? words;
    private string? error;
    private double? seconds;

    public string? Id { get; private set; }

    public string Epoch { get; private set; } = "1";

    public bool Invalidated { get; private set; }

    /// <summary>Whether a scorer, or a fault, says anything of it.</summary>
    public bool IsScored => scores.Count > 0 || (error ?? words?.Fault) is not null;

    public void Read(JsonStream json)
    {
        words = new JsonWords(json);
        json.Object(name =>
        {
            switch (name)
            {
                case "id":
                    Id = json.Scalar().Name;
                    break;
                case "epoch":
                    Epoch = json.Scalar().Name ?? "?";
                    break;
                case "scores" when json.Token == JsonTokenType.StartObject:
                    json.Object(scorer => Score(json, scorer));
                    break;
                case "scores":
                    if (json.Scalar() is { IsNull: false } other)
                        words.NotUnderstood(name, other);
                    break;
                // Logs before there were several scorers.
                case "score" when json.Token != JsonTokenType.Null:
                    Score(json, "score");
                    break;
                case "error":
                    // An error without a text is one, too.
                    error = json.Token == JsonTokenType.StartObject ? JsonWords.Error(json) ?? "error" : JsonWords.Error(json);
                    break;
                case "invalidation":
                    Invalidated = !json.Scalar().IsNull;
                    break;
                case "invalidated":
                    Invalidated |= json.Scalar() is { IsNull: false, Flag: not false };
                    break;
                case "metadata":
                    json.ObjectIfAny(part => tags = part is "tags" or "tag" ? json.Texts() : tags);
                    break;
                case "total_time":
                    seconds = json.Scalar().Finite;
                    break;
                default:
                    words.Look(name);
                    break;
            }
        });
    }

    public Measurement ToMeasurement(string id)
    {
        var errored = new Measurement(id, CaseOutcome.Errored, 0) { Tags = tags, LatencySeconds = seconds };
        if ((error ?? words?.Fault) is { } fault)
            return errored with { Fault = fault };
        if (scores.Count == 0)
            return errored with { Fault = "not scored" };
        var lowest = 1.0;
        foreach (var (scorer, value) in scores)
        {
            if (value.IsNull || (value.Kind == JsonValueKind.String && value.Text == "?"))
                return errored with { Fault = $"scorer {scorer}: no score" };
            var score =
                Value(value)
                ?? throw new ResultsException(
                    EvalReasons.ScoreInvalid,
                    $"sample {id}, scorer {scorer}: \"{value.Name ?? value.Kind.ToString()}\" is no score between 0 and 1"
                );
            lowest = Math.Min(lowest, score);
        }
        return new Measurement(id, lowest == 1 ? CaseOutcome.Passed : CaseOutcome.Failed, lowest) { Tags = tags, LatencySeconds = seconds };
    }

    // A scorer that left something else than an object with a value left no score, and must not vanish beside the others.
    private void Score(JsonStream json, string scorer)
    {
        JsonScalar value = new(JsonValueKind.Null, null, double.NaN);
        json.ObjectIfAny(part =>
        {
            if (part == "value")
                value = json.Scalar();
            else if (part == "unscored" && words!.Flag(part) == true)
                words.NotUnderstood(part, json.Scalar());
            else if (part is not ("answer" or "explanation" or "metadata" or "unscored"))
                words!.Look(part);
        });
        scores.Add((scorer, value));
    }

    // The letters are those of inspect_ai.scorer: CORRECT, INCORRECT, PARTIAL, NOANSWER; the numbers those of value_to_float().
    private static double? Value(JsonScalar value) =>
        value switch
        {
            { Flag: { } flag } => flag ? 1 : 0,
            { Finite: >= 0 and <= 1 } => value.Finite,
            { Text: "C" } => 1,
            { Text: "P" } => 0.5,
            { Text: "I" or "N" } => 0,
            _ => null,
        };
}
