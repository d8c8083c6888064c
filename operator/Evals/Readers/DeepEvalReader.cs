using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// DeepEval's TestRun, alone or under <c>testRunData</c>, as deepeval/test_run/test_run.py and api.py write it: <c>testCases</c> and
/// <c>conversationalTestCases</c>. A case is worth 1 or 0 as its metrics say; a flaky metric decides nothing, as in DeepEval.
/// </summary>
internal sealed class DeepEvalReader(JsonStream json)
{
    private readonly List<(string Name, string Content, Measurement Result)> cases = [];
    private readonly JsonWords words = new(json);
    private double? declaredPassed;
    private double? declaredFailed;
    private int passed;
    private int failed;
    private int open;

    public static CaseCollector Document(JsonStream json) => new DeepEvalReader(json).Document();

    private CaseCollector Document()
    {
        json.Object(Member);
        words.CheckFile();
        if (declaredPassed is { } good && !(good >= passed && good <= passed + open))
            throw ResultsException.Disagree(FormattableString.Invariant($"testPassed is {good}, but {passed} test cases are a success"));
        if (declaredFailed is { } bad && !(bad >= failed && bad <= failed + open))
            throw ResultsException.Disagree(FormattableString.Invariant($"testFailed is {bad}, but {failed} test cases are no success"));

        // One test function may loop over many inputs under one name; the same input again is a repeat.
        var several = cases
            .GroupBy(one => one.Name, StringComparer.Ordinal)
            .Where(group => group.Select(one => one.Content).Distinct(StringComparer.Ordinal).Skip(1).Any())
            .Select(group => group.Key)
            .ToHashSet(StringComparer.Ordinal);
        var collector = new CaseCollector();
        foreach (var (name, content, result) in cases)
            collector.Add(result with { Id = several.Contains(name) ? $"{name}#{content}" : name });
        return collector;
    }

    private void Member(string name)
    {
        switch (name)
        {
            case "testRunData":
                json.ObjectIfAny(Member);
                break;
            case "testCases" or "conversationalTestCases":
                json.ArrayIfAny(Case);
                break;
            case "testPassed":
                declaredPassed = json.Scalar().Finite;
                break;
            case "testFailed":
                declaredFailed = json.Scalar().Finite;
                break;
            default:
                words.Look(name);
                break;
        }
    }

    private void Case()
    {
        var name = string.Empty;
        bool? success = null;
        double? cost = null,
            seconds = null;
        List<string> tags = [];
        var metrics = new Metrics(json);
        var words = new JsonWords(json);
        string? error = null;
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        json.Object(member =>
        {
            switch (member)
            {
                case "name":
                    name = json.Scalar().Name ?? string.Empty;
                    break;
                case "success":
                    success = words.Flag(member);
                    break;
                case "error":
                    error = JsonWords.Error(json);
                    break;
                case "input" or "scenario" or "expectedOutcome":
                    json.Digest(token => content.AppendData(Encoding.UTF8.GetBytes(token + "\n")));
                    break;
                case "metricsData" or "metricsMetadata":
                    metrics.AddAll(member);
                    break;
                case "tokenCost":
                    cost = json.Scalar().Finite;
                    break;
                case "completionTime":
                    seconds = json.Scalar().Finite;
                    break;
                case "tags":
                    tags = json.Texts();
                    break;
                default:
                    words.Look(member);
                    break;
            }
        });
        if (cases.Count == 1_000_000)
            throw ResultsException.Unreadable("more than 1000000 results");
        if (name.Length == 0)
            throw ResultsException.Unreadable($"test case {cases.Count + 1} has no name");
        passed += success == true ? 1 : 0;
        failed += success == false ? 1 : 0;
        // Neither: nobody knows how DeepEval counted it.
        open += words.Fault is not null && success is null ? 1 : 0;
        var (outcome, fault) = Outcome(name, success, metrics, error ?? words.Fault);
        var result = Measurement.Of(name, outcome) with { Tags = tags, CostUsd = cost, LatencySeconds = seconds, Fault = fault };
        cases.Add((name, Convert.ToHexStringLower(content.GetHashAndReset())[..12], result));
    }

    private static (CaseOutcome Outcome, string? Fault) Outcome(string name, bool? success, Metrics metrics, string? error)
    {
        if ((metrics.Fault ?? error) is { } fault)
            return (CaseOutcome.Errored, fault);
        // DeepEval leaves the success of a case without metrics open. Where it is said all the same, nobody knows of what.
        if (metrics.Count == 0 && success is null)
            return (CaseOutcome.Skipped, "it has no metric");
        if (success is null || metrics.Decisive == 0)
            return (CaseOutcome.Errored, "no metric measured it");
        if (success == true && metrics.Failed)
            throw ResultsException.Disagree($"test case {name} is a success, but one of its metrics is not");
        return (success == true ? CaseOutcome.Passed : CaseOutcome.Failed, null);
    }

    private sealed class Metrics(JsonStream json)
    {
        public int Count { get; private set; }

        public int Decisive { get; private set; }

        public bool Failed { get; private set; }

        public string? Fault { get; private set; }

        public void AddAll(string member)
        {
            if (json.Token == JsonTokenType.StartArray)
                json.ArrayIfAny(Add);
            else if (json.Scalar() is { IsNull: false } other)
                Fault ??= $"{member} is {JsonWords.Word(other)}, and no list";
        }

        private void Add()
        {
            string? metric = null,
                error = null;
            bool? success = null;
            JsonScalar score = default;
            double? threshold = null;
            var flaky = false;
            var words = new JsonWords(json);
            json.Object(member =>
            {
                switch (member)
                {
                    case "name" or "metric":
                        metric = json.Scalar().Text;
                        break;
                    case "success":
                        success = words.Flag(member);
                        break;
                    case "score":
                        score = json.Scalar();
                        break;
                    case "threshold" or "minimumScore":
                        threshold = json.Scalar().Finite;
                        break;
                    case "error":
                        error = JsonWords.Error(json);
                        break;
                    case "flaky":
                        flaky = json.Scalar().Flag == true;
                        break;
                    default:
                        words.Look(member);
                        break;
                }
            });
            Count++;
            if (flaky)
                return;
            Decisive++;
            if ((error ?? words.Fault) is { } fault)
                Fault ??= $"{metric}: {fault}";
            else if (score.Finite is not { } number)
                Fault ??= $"{metric}: no score";
            else if (number is not (>= 0 and <= 1))
                throw new ResultsException(
                    EvalReasons.ScoreInvalid,
                    FormattableString.Invariant($"metric {metric}: the score {number} is not between 0 and 1")
                );
            else if (success is null && threshold is null)
                Fault ??= $"{metric}: neither success nor threshold";
            // The oldest shape has no success of a metric, only its bar.
            else
                Failed |= success is { } said ? !said : number < threshold;
        }
    }
}
