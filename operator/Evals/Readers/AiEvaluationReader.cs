using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// Microsoft.Extensions.AI.Evaluation: the ScenarioRunResult files of its disk store (results/EXECUTION/SCENARIO/ITERATION.json), one or
/// several of them one after the other in one file. A scenario is a case and its iterations are repeats; it passes where no metric's
/// interpretation failed.
/// </summary>
internal sealed class AiEvaluationReader(JsonStream json)
{
    private const int ErrorSeverity = 2;

    private readonly CaseCollector cases = new();
    private readonly HashSet<(string Scenario, string Iteration)> seen = [];
    private string? execution;

    /// <summary>Reads all documents of the file.</summary>
    public static CaseCollector Documents(JsonStream json)
    {
        var reader = new AiEvaluationReader(json);
        do
            reader.Scenario();
        while (json.Read());
        return reader.cases;
    }

    private void Scenario()
    {
        string? scenario = null, run = null;
        var iteration = "1";
        var metrics = new Metrics();
        List<string> tags = [];
        json.Object(name =>
        {
            switch (name)
            {
                case "scenarioName":
                    scenario = json.Scalar().Name;
                    break;
                case "iterationName":
                    iteration = json.Scalar().Name ?? "?";
                    break;
                case "executionName":
                    run = json.Scalar().Name;
                    break;
                case "evaluationResult":
                    json.ObjectIfAny(member =>
                    {
                        if (member == "metrics")
                            json.ObjectIfAny(_ => Metric(metrics));
                    });
                    break;
                case "tags":
                    tags = json.Texts();
                    break;
                default:
                    break;
            }
        });
        if (scenario is not { Length: > 0 })
            throw ResultsException.Unreadable($"result {seen.Count + 1} has no scenarioName");
        // The store keeps the runs of weeks in one folder.
        if (seen.Count > 0 && run != execution)
            throw new ResultsException(EvalReasons.SeveralSubjects, $"the results are of several executions, \"{execution}\" and \"{run}\"");
        execution = run;
        if (!seen.Add((scenario, iteration)))
            throw new ResultsException(EvalReasons.DuplicateCases, $"scenario {scenario}, iteration {iteration}, is there twice");
        var (outcome, fault) = metrics.Outcome;
        cases.Add(Measurement.Of(scenario, outcome) with { Tags = tags, Fault = fault });
    }

    private void Metric(Metrics metrics)
    {
        bool? failed = null, value = null;
        var broken = false;
        json.ObjectIfAny(name =>
        {
            switch (name)
            {
                case "value":
                    value = json.Scalar().Flag;
                    break;
                case "interpretation":
                    json.ObjectIfAny(member =>
                    {
                        if (member == "failed")
                            failed = json.Scalar().Flag;
                    });
                    break;
                case "diagnostics":
                    json.ArrayIfAny(() => json.ObjectIfAny(member =>
                    {
                        if (member != "severity")
                            return;
                        var severity = json.Scalar();
                        broken |= severity.Text?.Equals("error", StringComparison.OrdinalIgnoreCase) == true || severity is { Kind: JsonValueKind.Number, Number: ErrorSeverity };
                    }));
                    break;
                default:
                    break;
            }
        });
        metrics.Add(broken, failed ?? !value);
    }

    private sealed class Metrics
    {
        private bool failed;
        private bool broken;
        private int decided;
        private int count;

        public (CaseOutcome Outcome, string? Fault) Outcome =>
            broken ? (CaseOutcome.Errored, "an evaluator reported an error")
            : count == 0 ? (CaseOutcome.Errored, "no metric measured it")
            // A number alone says nothing: five may be the best or the worst.
            : decided == 0 ? (CaseOutcome.Errored, "no metric has an interpretation")
            : (failed ? CaseOutcome.Failed : CaseOutcome.Passed, null);

        public void Add(bool isBroken, bool? isFailed)
        {
            count++;
            broken |= isBroken;
            failed |= isFailed == true;
            decided += isFailed is null ? 0 : 1;
        }
    }
}
