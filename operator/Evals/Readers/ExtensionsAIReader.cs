using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// Microsoft.Extensions.AI.Evaluation: a <c>ScenarioRunResult</c>, a list of them, one after the other, or the <c>Dataset</c> that its JSON
/// report is; the shapes are those of EvalTypes.d.ts in dotnet/extensions, src/Libraries/Microsoft.Extensions.AI.Evaluation.Reporting.
/// A scenario is a case, worth 1 or 0 as the interpretations of its metrics say; its iterations are repeats.
/// </summary>
internal sealed class ExtensionsAIReader(JsonStream json)
{
    private readonly CaseCollector cases = new();
    private readonly HashSet<(string Scenario, string Iteration)> seen = [];
    private string? execution;

    /// <summary>Reads a report, or a list of results.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new ExtensionsAIReader(json);
        if (json.Token == JsonTokenType.StartArray)
            json.ArrayIfAny(reader.Result);
        else
        {
            var file = new JsonWords(json);
            json.Object(name =>
            {
                if (name == "scenarioRunResults")
                    json.ArrayIfAny(reader.Result);
                else
                    file.Look(name);
            });
            file.CheckFile();
        }
        return reader.cases;
    }

    /// <summary>Reads results, one after the other, from the first of them on.</summary>
    public static CaseCollector Lines(JsonStream json)
    {
        var reader = new ExtensionsAIReader(json);
        do reader.Result();
        while (json.Read());
        return reader.cases;
    }

    private void Result()
    {
        string? scenario = null,
            iteration = null,
            run = null;
        List<string> tags = [];
        var metrics = new Metrics(json);
        var words = new JsonWords(json);
        double? seconds = null;
        json.Object(name =>
        {
            switch (name)
            {
                case "scenarioName":
                    scenario = json.Scalar().Name;
                    break;
                case "iterationName":
                    iteration = json.Scalar().Name;
                    break;
                case "executionName":
                    run = json.Scalar().Name;
                    break;
                case "evaluationResult" when json.Token == JsonTokenType.StartObject:
                    json.Object(part =>
                    {
                        if (part == "metrics" && json.Token == JsonTokenType.StartObject)
                            json.Object(metrics.Add);
                        else if (part == "metrics")
                            words.NotUnderstood(part, json.Scalar());
                        else
                            words.Look(part);
                    });
                    break;
                case "evaluationResult":
                    words.NotUnderstood(name, json.Scalar());
                    break;
                case "tags":
                    tags = json.Texts();
                    break;
                case "chatDetails":
                    json.ObjectIfAny(part =>
                    {
                        if (part == "turnDetails")
                            json.ArrayIfAny(() =>
                                json.ObjectIfAny(detail =>
                                    seconds = detail == "latency" ? (seconds ?? 0) + (json.Scalar().Finite ?? 0) : seconds
                                )
                            );
                    });
                    break;
                default:
                    words.Look(name);
                    break;
            }
        });
        if (string.IsNullOrEmpty(scenario))
            throw ResultsException.Unreadable($"result {cases.Count + 1} has no scenarioName");
        // A report holds the last executions as well: those of other revisions.
        if (execution is not null && run != execution)
            throw new ResultsException(
                EvalReasons.SeveralSubjects,
                "results of several executions; give those of the one that is to be released"
            );
        execution = run ?? string.Empty;
        if (!seen.Add((scenario, iteration ?? string.Empty)))
            throw new ResultsException(EvalReasons.DuplicateCases, $"scenario {scenario}, iteration {iteration} is there twice");
        var fault = metrics.Fault ?? words.Fault ?? (metrics is { Count: > 0, Decisive: 0 } ? "no metric is interpreted" : null);
        var outcome =
            fault is not null ? CaseOutcome.Errored
            : metrics.Count == 0 ? CaseOutcome.Skipped
            : metrics.Failed ? CaseOutcome.Failed
            : CaseOutcome.Passed;
        fault ??= metrics.Count == 0 ? "it has no metric" : null;
        cases.Add(Measurement.Of(scenario, outcome) with { Tags = tags, LatencySeconds = seconds, Fault = fault });
    }

    private sealed class Metrics(JsonStream json)
    {
        // Those of a pass: what is rated "poor" or "unacceptable" and did not fail says two opposite things.
        private static readonly HashSet<string> Ratings = new(["average", "good", "exceptional"], StringComparer.OrdinalIgnoreCase);

        private static readonly HashSet<string> Remarks = new(["informational", "warning"], StringComparer.OrdinalIgnoreCase);

        public int Count { get; private set; }

        public int Decisive { get; private set; }

        public bool Failed { get; private set; }

        public string? Fault { get; private set; }

        public void Add(string name)
        {
            var type = string.Empty;
            JsonScalar value = default,
                rating = default;
            var interpreted = false;
            bool? failed = null;
            string? error = null;
            var words = new JsonWords(json);
            json.ObjectIfAny(member =>
            {
                switch (member)
                {
                    case "$type":
                        type = json.Scalar().Text ?? string.Empty;
                        break;
                    case "value":
                        value = json.Scalar();
                        break;
                    case "interpretation" when json.Token == JsonTokenType.StartObject:
                        interpreted = true;
                        json.Object(part =>
                        {
                            if (part == "failed")
                                failed = words.Flag(part);
                            else if (part == "rating")
                                rating = json.Scalar();
                            else
                                words.Look(part);
                        });
                        break;
                    case "interpretation":
                        if (json.Scalar() is { IsNull: false } other)
                            words.NotUnderstood(member, other);
                        break;
                    case "diagnostics":
                        if (json.Token == JsonTokenType.StartArray)
                            json.ArrayIfAny(() => error = Error() ?? error);
                        else
                            error = JsonWords.Error(json) ?? error;
                        break;
                    default:
                        words.Look(member);
                        break;
                }
            });
            Count++;
            // A judge that cannot be understood leaves an error and a failed interpretation: the error is the truth of the two.
            var fault =
                error
                ?? words.Fault
                ?? (
                    interpreted ? Interpretation(type, value, rating, failed)
                    : Fits(type, value) ? null
                    : "no value"
                );
            if (fault is not null)
                Fault ??= $"{name}: {fault}";
            else if (interpreted)
            {
                Decisive++;
                Failed |= failed == true;
            }
        }

        // Null where it says passed or failed, in the words of EvaluationRating. What failed did fail, whatever its rating.
        private static string? Interpretation(string type, JsonScalar value, JsonScalar rating, bool? failed) =>
            failed is null ? "its interpretation says neither passed nor failed"
            : failed == true ? null
            : rating.Text is null || !Ratings.Contains(rating.Text) ? $"it did not fail, but its rating is {JsonWords.Word(rating)}"
            : !Fits(type, value) ? $"it did not fail, but its value is {JsonWords.Word(value)}"
            : null;

        private string? Error()
        {
            JsonScalar severity = default;
            string? message = null;
            json.ObjectIfAny(part =>
            {
                severity = part == "severity" ? json.Scalar() : severity;
                message = part == "message" ? json.Scalar().Text : message;
            });
            return severity.Text is { } said && Remarks.Contains(said) ? null
                : "error".Equals(severity.Text, StringComparison.OrdinalIgnoreCase) ? message ?? "error"
                : $"a diagnostic's severity is {JsonWords.Word(severity)}: {message}";
        }

        private static bool Fits(string type, JsonScalar value) =>
            type switch
            {
                "numeric" => value.Finite is not null,
                "boolean" => value.Flag is not null,
                "string" => value.Text is not null,
                _ => false,
            };
    }
}
