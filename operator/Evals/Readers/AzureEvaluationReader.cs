using System.Security.Cryptography;
using System.Text;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// What evaluate() of azure-ai-evaluation writes to its output_path: <c>rows</c> with <c>inputs.*</c> and <c>outputs.EVALUATOR.METRIC</c>.
/// Scores are on scales of their own, so what counts is <c>…_result</c>, "pass" or "fail" by the evaluator's threshold.
/// </summary>
internal sealed class AzureEvaluationReader(JsonStream json)
{
    private readonly CaseCollector cases = new();
    private int rows;

    /// <summary>Reads the file.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new AzureEvaluationReader(json);
        var file = new JsonWords(json);
        json.Object(name =>
        {
            if (name == "rows")
                json.ArrayIfAny(reader.Row);
            else
                file.Look(name);
        });
        file.CheckFile();
        return reader.cases;
    }

    private void Row()
    {
        string? id = null;
        var outputs = new AzureColumns(json);
        var words = new JsonWords(json);
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        json.Object(name =>
        {
            if (name is "inputs.id" or "inputs.query_id" or "inputs.case_id")
                id ??= json.Scalar().Name;
            else if (name.StartsWith("inputs.", StringComparison.Ordinal))
                json.Digest(token => content.AppendData(Encoding.UTF8.GetBytes($"{name}\0{token}\n")));
            else if (AzureColumns.Is(name))
                outputs.Add(name);
            else
                words.Look(StatusWords.LastWord(name));
        });
        rows++;
        outputs.Check();
        var fault = outputs.Fault ?? words.Fault;
        if (!outputs.Decided && outputs.Count > 0 && fault is null)
        {
            // Five is the best of one scale and the worst of another: without a threshold nothing says which.
            throw new ResultsException(
                EvalReasons.ScoreInvalid,
                $"row {rows} has scores and no \"…_result\" of pass or fail: use a version of azure-ai-evaluation whose evaluators have "
                    + $"a threshold, or convert to the native format"
            );
        }
        // Rows have no names: the same inputs are the same case, and a second row of them is a repeat.
        var digest = Convert.ToHexStringLower(content.GetHashAndReset())[..12];
        cases.Add(
            Measurement.Of(
                id is { Length: > 0 } ? id : $"row#{digest}",
                fault is not null ? CaseOutcome.Errored
                    : outputs.Count == 0 ? CaseOutcome.Skipped
                    : outputs.Failed ? CaseOutcome.Failed
                    : CaseOutcome.Passed
            ) with
            {
                Fault = fault ?? (outputs.Count == 0 ? "no evaluator measured it" : null),
            }
        );
    }
}
