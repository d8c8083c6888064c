using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// The columns <c>outputs.EVALUATOR.METRIC</c> of one row of azure-ai-evaluation. What a column may say is listed by the last word of its
/// name, in any letters: <c>rel_result</c>, <c>rel.result</c> and <c>relResult</c> are alike. A column of another name is free to hold a
/// number or a text, unless it is a word that speaks against a pass.
/// </summary>
internal sealed class AzureColumns(JsonStream json)
{
    private const string Prefix = "outputs.";

    private readonly Dictionary<string, JsonScalar> metrics = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Metric, string Said, bool Passed)> results = [];
    private readonly JsonWords words = new(json);
    private string? fault;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether an evaluator says passed or failed by its threshold.</summary>
    public bool Decided { get; private set; }

    /// <summary>Whether one of them says failed.</summary>
    public bool Failed => results.Exists(one => !one.Passed);

    /// <summary>What speaks against the row; null where nothing does.</summary>
    public string? Fault => fault ?? words.Fault;

    /// <summary>Whether a column is one of these.</summary>
    public static bool Is(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes the current value.</summary>
    public void Add(string name)
    {
        Count++;
        // outputs.EVALUATOR.METRIC; what the agent itself answered has no evaluator in its name.
        var parts = name.Split('.', 3);
        var word = StatusWords.LastWord(name);
        if (parts.Length < 3 && !StatusWords.IsDenial(word) && !name.EndsWith("_result", StringComparison.Ordinal))
        {
            Answer(name, word);
            return;
        }
        switch (word)
        {
            case "result":
                Result(name, json.Scalar());
                break;
            case "passed":
                Passed(name, json.Scalar());
                break;
            case "status":
                var status = json.Scalar();
                if (!"completed".Equals(status.Text, StringComparison.OrdinalIgnoreCase))
                    fault ??= $"{name} is {JsonWords.Word(status)}, not completed";
                break;
            case "reason" when json.Token == JsonTokenType.String:
                if (StatusWords.IsNotApplicable(json.Scalar().Text!))
                    fault ??= $"{name} says that it is not applicable";
                break;
            case "message" or "code" or "type" or "details" when SaysError(name):
            case var _ when StatusWords.IsDenial(word):
                // Not even an empty list: the SDK writes a text here.
                var list = json.Token is JsonTokenType.StartObject or JsonTokenType.StartArray ? "an object or a list" : null;
                if ((JsonWords.Error(json) ?? list) is { } error)
                    fault ??= $"{name}: {error}";
                break;
            case var _ when StatusWords.TellsOutcome(word):
                words.Look(word);
                break;
            default:
                Free(name, parts[^1]);
                break;
        }
    }

    /// <summary>Holds each result to its metric, after all columns were added.</summary>
    public void Check()
    {
        foreach (var (name, metric, said, passed) in results)
        {
            if (!passed && results.Exists(other => other.Metric == metric && other.Passed))
                fault ??= $"{name} is {said}, and another column of it says the opposite";
            // A level such as "Very low" has its number beside it.
            else if (
                metrics.TryGetValue(metric, out var score)
                && !IsScore(score)
                && !IsScore(metrics.GetValueOrDefault($"{metric}_score"))
            )
                fault ??= $"{metric} has no value";
        }
    }

    private static bool IsScore(JsonScalar value) => value.Finite is not null || value.Flag is not null;

    // error_message and errorCode.
    private static bool SaysError(string name) => name.Contains("error", StringComparison.OrdinalIgnoreCase);

    private static string Metric(string name, string word) =>
        name[..name.LastIndexOf(word, StringComparison.OrdinalIgnoreCase)].TrimEnd('_', '.', '-');

    // An agent may answer anything; a word of failure for its status is one all the same.
    private void Answer(string name, string word)
    {
        var value = json.Scalar();
        NoNaN(name, value);
        if (
            StatusWords.TellsOutcome(word)
            && value.Text is { Length: > 0 } text
            && StatusWords.Of(text) is not (null or CaseOutcome.Passed)
        )
            fault ??= $"{name} is {JsonWords.Word(value)}, which is not that of a pass";
    }

    private void Result(string name, JsonScalar value)
    {
        Decided = true;
        if (value.Text is "pass" or "fail")
            results.Add((name, Metric(name, "result"), JsonWords.Word(value), value.Text == "pass"));
        else
            fault ??= value.Text == "?" ? $"{name} is NaN" : $"{name} is {JsonWords.Word(value)}, neither pass nor fail";
    }

    // It is a fail by itself, and a pass only beside a result.
    private void Passed(string name, JsonScalar value)
    {
        if (value.Flag is { } passed)
            results.Add((name, Metric(name, "passed"), JsonWords.Word(value), passed));
        else
            fault ??= $"{name} is {JsonWords.Word(value)}, neither true nor false";
        Decided |= value.Flag == false;
    }

    private void Free(string name, string last)
    {
        if (json.Token is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            // So that a list is no number.
            metrics[name] = new JsonScalar(JsonValueKind.Object, null, double.NaN);
            words.LookInto(string.Empty);
            return;
        }
        var value = json.Scalar();
        metrics[name] = value;
        NoNaN(name, value);
        if (value.Text is { } text && StatusWords.Of(text) is { } said and not CaseOutcome.Passed)
            fault ??= $"{name} is {JsonWords.Word(value)}, which is {said}";
        // A metric of the evaluator's own name without any value, whether or not a result stands beside it.
        if (value.IsNull && name.Equals($"{Prefix}{last}.{last}", StringComparison.Ordinal))
            fault ??= $"{name} has no value";
    }

    private void NoNaN(string name, JsonScalar value)
    {
        if (value.Text?.Trim().TrimStart('-', '+') is { } text && (text is "?" || IsNaN(text)))
            fault ??= $"{name} is NaN";
    }

    private static bool IsNaN(string text) =>
        text.Equals("nan", StringComparison.OrdinalIgnoreCase)
        || text.Equals("inf", StringComparison.OrdinalIgnoreCase)
        || text.Equals("infinity", StringComparison.OrdinalIgnoreCase);
}
