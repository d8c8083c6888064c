using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// promptfoo's output: a summary of version 2 or 3, alone or inside an export; results in <c>results</c>, <c>outputs</c> or
/// <c>table.body[].outputs</c>; or one result a line. The shapes are those of <c>EvaluateSummaryV2</c>, <c>EvaluateSummaryV3</c>,
/// <c>EvaluateTable</c> and <c>OutputFile</c> in promptfoo's src/types/index.ts and of site/docs/configuration/outputs.md.
/// A case is worth 1 or 0 as its <c>success</c> says; <c>metrics.score</c> is a sum over tests and is never read.
/// </summary>
internal sealed class PromptfooReader(JsonStream json)
{
    private readonly CaseCollector results = new();
    private readonly CaseCollector cells = new();
    private readonly Tally resultTally = new();
    private readonly Tally cellTally = new();
    private readonly JsonWords words = new(json);
    private double? successes;
    private double? failures;
    private double? errors;
    private double? total;
    private double? rows;
    private double? filteredRows;

    /// <summary>Reads one document.</summary>
    public static CaseCollector Document(JsonStream json) => new PromptfooReader(json).Document();

    /// <summary>Reads results, one a line, from the first of them on.</summary>
    public static CaseCollector Lines(JsonStream json)
    {
        var reader = new PromptfooReader(json);
        do reader.Result(reader.results, reader.resultTally);
        while (json.Read());
        CheckSubjects(reader.resultTally);
        return reader.results;
    }

    private CaseCollector Document()
    {
        json.Object(name =>
        {
            switch (name)
            {
                case "results" when json.Token == JsonTokenType.StartArray:
                    Results();
                    break;
                case "results":
                    json.ObjectIfAny(Summary);
                    break;
                case "totalCount":
                    rows = json.Scalar().Finite;
                    break;
                case "filteredCount":
                    filteredRows = json.Scalar().Finite;
                    break;
                default:
                    Summary(name);
                    break;
            }
        });
        words.CheckFile();
        CompareCopies();
        // Version 2 holds every result twice: as a list and as a table.
        var (cases, tally) = results.Count > 0 ? (results, resultTally) : (cells, cellTally);
        CheckSubjects(tally);
        if (filteredRows < rows)
            throw new ResultsException(EvalReasons.RunIncomplete, $"a filtered table: {filteredRows} of {rows} rows");
        Check("successes", successes, tally.Passed, tally.Unknown);
        // Old versions count errors among the failures.
        if (errors is null)
            Check("failures", failures, tally.Failed + tally.Errored, tally.Unknown);
        else
        {
            Check("failures", failures, tally.Failed, tally.Unknown);
            Check("errors", errors, tally.Errored, tally.Unknown);
        }
        Check("total", total, cases.Count, 0);
        return cases;
    }

    private void Summary(string name)
    {
        switch (name)
        {
            case "results":
                Results();
                break;
            case "outputs":
                json.ArrayIfAny(() => Result(cells, cellTally));
                break;
            case "table":
                json.ObjectIfAny(part =>
                {
                    if (part == "body")
                        json.ArrayIfAny(() => Row(json));
                });
                break;
            case "stats":
                json.ObjectIfAny(stat =>
                {
                    switch (stat)
                    {
                        case "successes":
                            successes = json.Scalar().Finite;
                            break;
                        case "failures":
                            failures = json.Scalar().Finite;
                            break;
                        case "errors":
                            errors = json.Scalar().Finite;
                            break;
                        case "total":
                            total = json.Scalar().Finite;
                            break;
                        default:
                            break;
                    }
                });
                break;
            default:
                words.Look(name);
                break;
        }
    }

    // Where both copies are there, the one that is read must not be the better one.
    private void CompareCopies()
    {
        if (results.Count == 0 || cells.Count == 0)
            return;
        if (results.Count != cells.Count)
            throw ResultsException.Disagree($"results has {results.Count} results, and table has {cells.Count}");
        var (least, most) = (cellTally.Passed, cellTally.Passed + cellTally.Unknown);
        if (resultTally.Passed > most || resultTally.Passed + resultTally.Unknown < least)
            throw ResultsException.Disagree($"of results {resultTally.Passed} passed, and of table {cellTally.Passed}");
    }

    private void Results() => json.ArrayIfAny(() => Result(results, resultTally));

    // A row names the test; its cells are one per prompt and provider.
    private void Row(JsonStream row)
    {
        var column = 0;
        row.ObjectIfAny(name =>
        {
            if (name == "outputs")
                row.ArrayIfAny(() => Result(cells, cellTally, column++));
        });
    }

    private void Result(CaseCollector into, Tally tally, int? column = null)
    {
        using var result = new PromptfooResult();
        result.Read(json);
        tally.Subjects.Add(column is { } number ? $"column {number}" : $"{result.Prompt}|{result.Provider}");
        var outcome = result.Outcome();
        tally.Count(result.Stated);
        into.Add(
            Measurement.Of(result.Id(into.Count), outcome) with
            {
                Tags = result.Tags,
                CostUsd = result.Cost,
                LatencySeconds = result.LatencyMs / 1000,
                Fault = result.Fault,
            }
        );
    }

    // A mean over several systems is the measure of none of them.
    private static void CheckSubjects(Tally tally)
    {
        if (tally.Subjects.Count > 1)
            throw new ResultsException(
                EvalReasons.SeveralSubjects,
                $"results of {tally.Subjects.Count} prompts or providers; evaluate the one that is to be released"
            );
    }

    // A result that says what nobody understands is counted, by promptfoo, one way or another.
    private static void Check(string what, double? declared, int counted, int unknown)
    {
        if (declared is { } count && !(count >= counted && count <= counted + unknown))
            throw ResultsException.Disagree(FormattableString.Invariant($"stats.{what} is {count}, but {counted} results are"));
    }

    private sealed class Tally
    {
        public HashSet<string> Subjects { get; } = new(StringComparer.Ordinal);

        public int Passed { get; private set; }

        public int Failed { get; private set; }

        public int Errored { get; private set; }

        /// <summary>Results that say neither.</summary>
        public int Unknown { get; private set; }

        public void Count(CaseOutcome? stated)
        {
            Passed += stated == CaseOutcome.Passed ? 1 : 0;
            Failed += stated == CaseOutcome.Failed ? 1 : 0;
            Errored += stated == CaseOutcome.Errored ? 1 : 0;
            Unknown += stated is null ? 1 : 0;
        }
    }
}
