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
            json.Object(name =>
            {
                if (name == "scenarioRunResults")
                    json.ArrayIfAny(reader.Result);
            });
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
                case "evaluationResult":
                    json.ObjectIfAny(part =>
                    {
                        if (part == "metrics")
                            json.ObjectIfAny(metrics.Add);
                    });
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
        var fault = metrics.Fault ?? (metrics.Decisive == 0 ? "no metric is interpreted" : null);
        var outcome =
            fault is not null ? CaseOutcome.Errored
            : metrics.Failed ? CaseOutcome.Failed
            : CaseOutcome.Passed;
        cases.Add(Measurement.Of(scenario, outcome) with { Tags = tags, LatencySeconds = seconds, Fault = fault });
    }

    private sealed class Metrics(JsonStream json)
    {
        public int Decisive { get; private set; }

        public bool Failed { get; private set; }

        public string? Fault { get; private set; }

        public void Add(string name)
        {
            var type = string.Empty;
            JsonScalar value = default;
            bool interpreted = false,
                inconclusive = false;
            bool? failed = null;
            string? error = null;
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
                            failed = part == "failed" ? json.Scalar().Flag : failed;
                            inconclusive |=
                                part == "rating" && "inconclusive".Equals(json.Scalar().Text, StringComparison.OrdinalIgnoreCase);
                        });
                        break;
                    case "diagnostics":
                        json.ArrayIfAny(() => error = Error() ?? error);
                        break;
                    default:
                        break;
                }
            });
            Judge(name, Fits(type, value), interpreted, inconclusive, failed, error);
        }

        // A judge that cannot be understood leaves an error and a failed interpretation: the error is the truth of the two.
        private void Judge(string name, bool hasValue, bool interpreted, bool inconclusive, bool? failed, string? error)
        {
            if (error is not null)
                Fault ??= $"{name}: {error}";
            else if (!interpreted && !hasValue)
                Fault ??= $"{name}: no value";
            else if (interpreted && (failed is null || (inconclusive && failed == false)))
                Fault ??= $"{name}: its interpretation says neither passed nor failed";
            else if (interpreted)
            {
                Decisive++;
                Failed |= failed == true;
            }
        }

        private string? Error()
        {
            string? severity = null,
                message = null;
            json.ObjectIfAny(part =>
            {
                severity = part == "severity" ? json.Scalar().Name : severity;
                message = part == "message" ? json.Scalar().Text : message;
            });
            return "error".Equals(severity, StringComparison.OrdinalIgnoreCase) ? message ?? "error" : null;
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
