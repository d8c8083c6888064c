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
    private string? status;
    private string? error;
    private bool invalidated;
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
        cases.Add(sample.ToMeasurement(id));
    }

    /// <summary>The cases of a log that is whole.</summary>
    public CaseCollector Finish()
    {
        if (status != "success")
            throw Incomplete($"the log's status is {status ?? "missing"}{(error is null ? string.Empty : $": {error}")}");
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
                json.ObjectIfAny(part => error = part == "message" ? json.Scalar().Text : error);
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
                break;
        }
    }
}

/// <summary>One sample of a log, in one epoch.</summary>
internal sealed class InspectSample
{
    private readonly List<(string Scorer, JsonScalar Value)> scores = [];
    private List<string> tags = [];
    private string? error;
    private double? seconds;

    public string? Id { get; private set; }

    public string Epoch { get; private set; } = "1";

    public bool Invalidated { get; private set; }

    public void Read(JsonStream json) =>
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
                case "scores":
                    json.ObjectIfAny(scorer => Score(json, scorer));
                    break;
                // Logs before there were several scorers.
                case "score":
                    Score(json, "score");
                    break;
                case "error" when json.Token == JsonTokenType.StartObject:
                    error = "error";
                    json.Object(part => error = part == "message" ? json.Scalar().Text ?? error : error);
                    break;
                case "invalidation":
                    Invalidated = !json.Scalar().IsNull;
                    break;
                case "metadata":
                    json.ObjectIfAny(part => tags = part is "tags" or "tag" ? json.Texts() : tags);
                    break;
                case "total_time":
                    seconds = json.Scalar().Finite;
                    break;
                default:
                    break;
            }
        });

    public Measurement ToMeasurement(string id)
    {
        var errored = new Measurement(id, CaseOutcome.Errored, 0) { Tags = tags, LatencySeconds = seconds };
        if (error is not null)
            return errored with { Fault = error };
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

    private void Score(JsonStream json, string scorer) =>
        json.ObjectIfAny(part =>
        {
            if (part == "value")
                scores.Add((scorer, json.Scalar()));
        });

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
