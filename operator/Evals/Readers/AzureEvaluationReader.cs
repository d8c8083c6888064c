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

    private static readonly string[] Errors = ["_error", ".error", "_error_message", ".error_message", "_error_code"];

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
        var words = new JsonWords(json);
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        json.Object(name =>
        {
            if (name is "inputs.id" or "inputs.query_id" or "inputs.case_id")
                id ??= json.Scalar().Name;
            else if (name.StartsWith("inputs.", StringComparison.Ordinal))
                json.Digest(token => content.AppendData(Encoding.UTF8.GetBytes($"{name}\0{token}\n")));
            else if (name.StartsWith("outputs.", StringComparison.Ordinal))
                outputs[name] = json.Scalar();
            else
                words.Look(name);
        });
        rows++;
        var results = outputs.Where(output => output.Key.EndsWith(Result, StringComparison.Ordinal)).ToList();
        var fault = outputs.Select(output => Fault(output.Key, output.Value)).FirstOrDefault(found => found is not null) ?? words.Fault;
        if (results.Count == 0 && outputs.Count > 0 && fault is null)
        {
            // Five is the best of one scale and the worst of another: without a threshold nothing says which.
            throw new ResultsException(
                EvalReasons.ScoreInvalid,
                $"row {rows} has scores and no \"…{Result}\" of pass or fail: use a version of azure-ai-evaluation whose evaluators have "
                    + $"a threshold, or convert to the native format"
            );
        }
        fault ??= results.Select(result => NoScore(result.Key, outputs)).FirstOrDefault(found => found is not null);
        var failed = results.Exists(result => result.Value.Text == "fail");
        // Rows have no names: the same inputs are the same case, and a second row of them is a repeat.
        var digest = Convert.ToHexStringLower(content.GetHashAndReset())[..12];
        cases.Add(
            Measurement.Of(
                id is { Length: > 0 } ? id : $"row#{digest}",
                fault is not null ? CaseOutcome.Errored
                    : outputs.Count == 0 ? CaseOutcome.Skipped
                    : failed ? CaseOutcome.Failed
                    : CaseOutcome.Passed
            ) with
            {
                Fault = fault ?? (outputs.Count == 0 ? "no evaluator measured it" : null),
            }
        );
    }

    // What a column says against the row. An evaluator that does not apply to a row, or skipped it, calls that a pass all the same.
    private static string? Fault(string name, JsonScalar value)
    {
        if (value.Text == "?")
            return $"{name} is NaN";
        // outputs.EVALUATOR.METRIC; what the agent itself answered has no evaluator in its name.
        var parts = name.Split('.');
        if (parts.Length < 3 && !name.EndsWith(Result, StringComparison.Ordinal))
            return null;
        if (name.EndsWith(Result, StringComparison.Ordinal))
            return value.Text is "pass" or "fail" ? null : $"{name} is {JsonWords.Word(value)}, neither pass nor fail";
        if (name.EndsWith("_status", StringComparison.Ordinal))
            return value.IsNull || "completed".Equals(value.Text, StringComparison.OrdinalIgnoreCase)
                ? null
                : $"{name} is {JsonWords.Word(value)}, not completed";
        if (name.EndsWith("_reason", StringComparison.Ordinal))
            return value.Text is { } reason && StatusWords.IsNotApplicable(reason) ? $"{name} says that it is not applicable" : null;
        if (name.EndsWith("_passed", StringComparison.Ordinal))
            return value.Flag is null ? $"{name} is {JsonWords.Word(value)}, neither true nor false" : null;
        if (Array.Exists(Errors, name.EndsWith))
            return value.IsNull || value.Flag == false || value.Text is "" ? null : $"{name}: {value.Text ?? JsonWords.Word(value)}";
        // A metric of the evaluator's own name without any value, whether or not a result stands beside it.
        return value.IsNull && parts is [_, var evaluator, var metric] && metric == evaluator ? $"{name} has no value" : null;
    }

    // An evaluator that failed leaves no number, and the SDK calls that a fail: it is no measurement.
    private static string? NoScore(string name, Dictionary<string, JsonScalar> outputs)
    {
        var metric = name[..^Result.Length];
        if (outputs.TryGetValue(metric, out var score) && score.Finite is null && score.Flag is null && score.Text is null or "?")
            return $"{metric} has no value";
        return outputs.TryGetValue($"{metric}_passed", out var passed) && passed.Flag is { } flag && flag != (outputs[name].Text == "pass")
            ? $"{metric}_passed is {JsonWords.Word(passed)}, and {name} is {JsonWords.Word(outputs[name])}"
            : null;
    }
}
