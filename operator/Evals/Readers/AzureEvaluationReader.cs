using System.Security.Cryptography;
using System.Text;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// What evaluate() of azure-ai-evaluation writes to its output_path: <c>rows</c> with <c>inputs.*</c> and <c>outputs.EVALUATOR.METRIC</c>.
/// Scores are on scales of their own, so what counts is <c>…_result</c>, "pass" or "fail" by the evaluator's threshold.
/// </summary>
internal sealed class AzureEvaluationReader(JsonStream json)
{
    private const string Result = "_result";

    private readonly CaseCollector cases = new();
    private int rows;

    /// <summary>Reads the file.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new AzureEvaluationReader(json);
        json.Object(name =>
        {
            if (name == "rows")
                json.ArrayIfAny(reader.Row);
        });
        return reader.cases;
    }

    private void Row()
    {
        string? id = null;
        var outputs = new Dictionary<string, JsonScalar>(StringComparer.Ordinal);
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        json.Object(name =>
        {
            if (name is "inputs.id" or "inputs.query_id" or "inputs.case_id")
                id ??= json.Scalar().Name;
            else if (name.StartsWith("inputs.", StringComparison.Ordinal))
                json.Digest(token => content.AppendData(Encoding.UTF8.GetBytes($"{name}\0{token}\n")));
            else if (name.StartsWith("outputs.", StringComparison.Ordinal))
                outputs[name] = json.Scalar();
        });
        rows++;
        var results = outputs.Where(output => output.Key.EndsWith(Result, StringComparison.Ordinal)).ToList();
        if (results.Count == 0)
        {
            // Five is the best of one scale and the worst of another: without a threshold nothing says which.
            throw new ResultsException(
                EvalReasons.ScoreInvalid,
                $"row {rows} has scores and no \"…{Result}\" of pass or fail: use a version of azure-ai-evaluation whose evaluators have "
                    + $"a threshold, or convert to the native format"
            );
        }
        var fault = results.Select(result => Fault(result.Key, result.Value, outputs)).FirstOrDefault(found => found is not null);
        var failed = results.Exists(result => result.Value.Text == "fail");
        // Rows have no names: the same inputs are the same case, and a second row of them is a repeat.
        var digest = Convert.ToHexStringLower(content.GetHashAndReset())[..12];
        cases.Add(
            Measurement.Of(
                id is { Length: > 0 } ? id : $"row#{digest}",
                fault is not null ? CaseOutcome.Errored
                    : failed ? CaseOutcome.Failed
                    : CaseOutcome.Passed
            ) with
            {
                Fault = fault,
            }
        );
    }

    private static string? Fault(string name, JsonScalar result, Dictionary<string, JsonScalar> outputs)
    {
        if (result.Text is not ("pass" or "fail"))
            return $"{name} is neither pass nor fail";
        // An evaluator that failed leaves NaN, and the SDK calls that a fail: it is no measurement.
        return outputs.TryGetValue(name[..^Result.Length], out var score) && (score.IsNull || score.Text == "?")
            ? $"{name[..^Result.Length]} has no value"
            : null;
    }
}
