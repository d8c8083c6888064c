using System.Security.Cryptography;
using System.Text;
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
        // Version 2 holds every result twice: as a list and as a table.
        var (cases, tally) = results.Count > 0 ? (results, resultTally) : (cells, cellTally);
        CheckSubjects(tally);
        if (filteredRows < rows)
            throw new ResultsException(EvalReasons.RunIncomplete, $"a filtered table: {filteredRows} of {rows} rows");
        Check("successes", successes, tally.Passed);
        // Old versions count errors among the failures.
        if (errors is null)
            Check("failures", failures, tally.Failed + tally.Errored);
        else
        {
            Check("failures", failures, tally.Failed);
            Check("errors", errors, tally.Errored);
        }
        Check("total", total, cases.Count);
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
                break;
        }
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
        tally.Count(outcome);
        into.Add(
            Measurement.Of(result.Id(into.Count), outcome) with
            {
                Tags = result.Tags,
                CostUsd = result.Cost,
                LatencySeconds = result.LatencyMs / 1000,
                Fault = result.Error,
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

    private static void Check(string what, double? declared, int counted)
    {
        if (declared is { } count && count != counted)
            throw ResultsException.Disagree(FormattableString.Invariant($"stats.{what} is {count}, but {counted} results are"));
    }

    private sealed class Tally
    {
        public HashSet<string> Subjects { get; } = new(StringComparer.Ordinal);

        public int Passed { get; private set; }

        public int Failed { get; private set; }

        public int Errored { get; private set; }

        public void Count(CaseOutcome outcome)
        {
            Passed += outcome == CaseOutcome.Passed ? 1 : 0;
            Failed += outcome == CaseOutcome.Failed ? 1 : 0;
            Errored += outcome == CaseOutcome.Errored ? 1 : 0;
        }
    }
}

/// <summary>One of promptfoo's results: an <c>EvaluateResult</c>, or a cell of a table.</summary>
internal sealed class PromptfooResult : IDisposable
{
    // failureReason, as promptfoo's ResultFailureReason has it.
    private const double FailureIsError = 2;

    private readonly IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool? success;
    private bool? graded;
    private JsonScalar? score;
    private double? failureReason;
    private string? description;
    private string? testIndex;
    private bool known;

    public string? Prompt { get; private set; }

    public string? Provider { get; private set; }

    public string? Error { get; private set; }

    public double? Cost { get; private set; }

    public double? LatencyMs { get; private set; }

    public List<string> Tags { get; } = [];

    public void Read(JsonStream json)
    {
        byte[] vars = [];
        json.Object(name =>
        {
            switch (name)
            {
                case "success" or "pass":
                    success = json.Scalar().Flag;
                    break;
                case "score":
                    score = json.Scalar();
                    break;
                case "failureReason":
                    failureReason = json.Scalar().Finite;
                    break;
                case "error":
                    Error = json.Scalar().Text;
                    break;
                case "cost":
                    Cost = json.Scalar().Finite;
                    break;
                case "latencyMs":
                    LatencyMs = json.Scalar().Finite;
                    break;
                case "testIdx":
                    testIndex = json.Scalar().Name;
                    break;
                case "promptIdx":
                    Prompt = json.Scalar().Name;
                    break;
                case "description":
                    description = json.Scalar().Text ?? description;
                    break;
                case "provider" when json.Token == JsonTokenType.StartObject:
                    json.Object(part => Provider = part == "id" ? json.Scalar().Text : Provider);
                    break;
                case "provider":
                    Provider = json.Scalar().Text;
                    break;
                case "gradingResult":
                    json.ObjectIfAny(part => graded = part == "pass" ? json.Scalar().Flag : graded);
                    break;
                case "metadata":
                    Tagged(json);
                    break;
                case "testCase":
                    json.ObjectIfAny(part => Test(json, part));
                    break;
                // The test's own variables are there as well, before they are rendered.
                case "vars" when json.Token == JsonTokenType.StartObject && vars.Length == 0:
                    vars = DigestOf(json);
                    break;
                default:
                    break;
            }
        });
        digest.AppendData(known ? [] : vars);
        known |= vars.Length > 0;
    }

    /// <summary>Passed only where every statement of the result says so.</summary>
    public CaseOutcome Outcome()
    {
        if (
            failureReason == FailureIsError
            || success is null
            || (success == false && failureReason is null && graded is null && !string.IsNullOrEmpty(Error))
        )
            return CaseOutcome.Errored;
        if (success == true && graded == false)
            throw ResultsException.Disagree("a result is a success, but its grading is not");
        // A grader that divides by nothing leaves no number behind.
        if (success == true && score is { Finite: null })
        {
            Error = "passed without a score";
            return CaseOutcome.Errored;
        }
        return success == true ? CaseOutcome.Passed : CaseOutcome.Failed;
    }

    /// <summary>
    /// The same for the same test, in each repeat and in the next run: promptfoo numbers repeats on, so that the index would make a
    /// case of each. Without description and variables there is only the index, and without that the place in the file.
    /// </summary>
    public string Id(int place)
    {
        var content = Convert.ToHexStringLower(digest.GetHashAndReset())[..12];
        if (known || description is not null)
            return $"{description ?? "test"}#{content}";
        return testIndex is null ? $"result {place + 1}" : $"test {testIndex}#{content}";
    }

    /// <inheritdoc/>
    public void Dispose() => digest.Dispose();

    private void Test(JsonStream json, string part)
    {
        switch (part)
        {
            case "description":
                description ??= json.Scalar().Text;
                break;
            case "vars" when json.Token == JsonTokenType.StartObject:
                var content = DigestOf(json);
                known = content.Length > 0;
                digest.AppendData(content);
                break;
            case "assert":
                digest.AppendData("assert"u8);
                json.Digest(Feed);
                break;
            case "metadata":
                Tagged(json);
                break;
            default:
                break;
        }
    }

    private void Tagged(JsonStream json) =>
        json.ObjectIfAny(part =>
        {
            if (part is "tags" or "tag")
                Tags.AddRange(json.Texts());
        });

    private void Feed(string token)
    {
        var bytes = Encoding.UTF8.GetBytes(token);
        digest.AppendData(BitConverter.GetBytes(bytes.Length));
        digest.AppendData(bytes);
    }

    // Nothing for an object without members: it tells no test from another.
    private static byte[] DigestOf(JsonStream json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = 0;
        json.Digest(token =>
        {
            tokens++;
            var bytes = Encoding.UTF8.GetBytes(token);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        });
        return tokens <= 2 ? [] : hash.GetHashAndReset();
    }
}
