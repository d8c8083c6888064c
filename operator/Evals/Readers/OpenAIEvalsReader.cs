using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// OpenAI's Evals API: a run (<c>eval.run</c>) with its <c>output_items</c>, or the list that <c>GET
/// /v1/evals/{eval_id}/runs/{run_id}/output_items</c> answers. An item is worth 1 or 0: it passes when all of its graders do.
/// </summary>
internal sealed class OpenAIEvalsReader(JsonStream json)
{
    private readonly CaseCollector cases = new();
    private readonly HashSet<string> items = new(StringComparer.Ordinal);
    private readonly HashSet<string> runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> declared = new(StringComparer.Ordinal);
    private readonly Dictionary<CaseOutcome, int> counted = [];
    private readonly JsonWords words = new(json);
    private string? kind;
    private string? id;
    private string? status;
    private string? failure;
    private int notUnderstood;
    private bool more;
    private bool listed;

    public static CaseCollector Document(JsonStream json)
    {
        var reader = new OpenAIEvalsReader(json);
        json.Object(reader.Member);
        reader.Check();
        return reader.cases;
    }

    private void Member(string name)
    {
        switch (name)
        {
            case "object":
                kind = json.Scalar().Text;
                break;
            case "id":
                id = json.Scalar().Text;
                break;
            case "status":
                status = json.Scalar().Text ?? string.Empty;
                break;
            case "error":
                failure = JsonWords.Error(json);
                break;
            case "result_counts":
                json.ObjectIfAny(count => declared[count] = json.Scalar().Finite ?? double.NaN);
                break;
            case "has_more":
                more |= json.Scalar() is { IsNull: false, Flag: not false };
                break;
            case "data" or "output_items" when json.Token == JsonTokenType.StartArray:
                listed = true;
                json.ArrayIfAny(Item);
                break;
            case "output_items":
                json.ObjectIfAny(part =>
                {
                    if (part is "data" or "has_more")
                        Member(part);
                    else
                        words.Look(part);
                });
                break;
            default:
                words.Look(name);
                break;
        }
    }

    private void Item()
    {
        string? type = null,
            item = null,
            source = null,
            run = null,
            error = null;
        JsonScalar? said = null;
        List<string> tags = [];
        var words = new JsonWords(json);
        var graders = new Graders(json);
        json.Object(name =>
        {
            switch (name)
            {
                case "object":
                    type = json.Scalar().Text;
                    break;
                case "id":
                    item = json.Scalar().Name;
                    break;
                case "datasource_item_id":
                    source = json.Scalar().Name;
                    break;
                case "run_id":
                    run = json.Scalar().Name;
                    break;
                case "status":
                    said = json.Scalar();
                    break;
                case "error":
                    error ??= JsonWords.Error(json);
                    break;
                case "datasource_item":
                    json.ObjectIfAny(part => tags = part == "tags" ? json.Texts() : tags);
                    break;
                case "results":
                    graders.AddAll();
                    break;
                case "sample":
                    json.ObjectIfAny(part => error = part == "error" ? JsonWords.Error(json) ?? error : error);
                    break;
                default:
                    words.Look(name);
                    break;
            }
        });
        if (type != "eval.run.output_item")
            throw new ResultsException(EvalReasons.UnknownFormat, $"a list of \"{type}\"; \"eval.run.output_item\" is expected");
        // Pages of a list that overlap.
        if (item is null || !items.Add(item))
            throw new ResultsException(EvalReasons.DuplicateCases, $"the output item {item ?? "without an id"} is there twice");
        runs.Add(run ?? string.Empty);
        var (outcome, fault) = Outcome(said, error ?? words.Fault ?? graders.Fault, graders);
        if (
            (said?.Text is "pass" or "passed" && outcome == CaseOutcome.Failed)
            || (said?.Text is "fail" or "failed" && outcome == CaseOutcome.Passed)
        )
            throw ResultsException.Disagree($"item {item} has the status {said?.Text}, but its graders say the opposite");
        // Nobody knows how the API counted such an item.
        notUnderstood += outcome == CaseOutcome.Errored && said?.Text is not (null or "error" or "errored") ? 1 : 0;
        counted[outcome] = counted.GetValueOrDefault(outcome) + 1;
        cases.Add(Measurement.Of(source ?? item, outcome) with { Tags = tags, Fault = fault });
    }

    // Without a status, and as "completed", an item is what its graders say.
    private static (CaseOutcome Outcome, string? Fault) Outcome(JsonScalar? said, string? fault, Graders graders)
    {
        // Skipped holds only where nothing else of the item speaks.
        if (said?.Text == "skipped")
        {
            fault ??= graders.Count > 0 ? "its status is \"skipped\", and graders measured it" : null;
            return fault is null ? (CaseOutcome.Skipped, null) : (CaseOutcome.Errored, fault);
        }
        if (said is { IsNull: false } status && status.Text is not ("pass" or "passed" or "fail" or "failed" or "completed"))
            return (
                CaseOutcome.Errored,
                status.Text is "error" or "errored" ? fault ?? "errored" : $"its status is {JsonWords.Word(status)}"
            );
        if (fault is not null)
            return (CaseOutcome.Errored, fault);
        if (graders.Count == 0)
            return said?.Text is "fail" or "failed" ? (CaseOutcome.Failed, null) : (CaseOutcome.Skipped, "no grader measured it");
        return (graders.Failed ? CaseOutcome.Failed : CaseOutcome.Passed, null);
    }

    private void Check()
    {
        words.CheckFile();
        if (status is not null && status != "completed")
            throw new ResultsException(EvalReasons.RunIncomplete, $"the run is \"{status}\", not \"completed\"");
        if (failure is not null)
            throw new ResultsException(EvalReasons.RunIncomplete, $"the run has an error: {failure}");
        if (more)
            throw new ResultsException(EvalReasons.RunIncomplete, "has_more is true: this is one page of the output items");
        if (!listed)
            throw new ResultsException(EvalReasons.RunIncomplete, "a run without its output items; add them as \"output_items\"");
        if (status is null && kind != "list")
            throw new ResultsException(EvalReasons.UnknownFormat, $"\"object\" is \"{kind}\", neither a list nor a run with a status");
        if (runs.Count > 1 || (kind == "eval.run" && id is not null && runs.Any(run => run != id)))
            throw new ResultsException(EvalReasons.SeveralSubjects, "output items of several runs");
        if (declared.TryGetValue("total", out var total) && total != cases.Count)
            throw ResultsException.Disagree(
                string.Create(CultureInfo.InvariantCulture, $"result_counts.total is {total}, but {cases.Count} output items are there")
            );
        Agree("passed", counted.GetValueOrDefault(CaseOutcome.Passed));
        Agree("failed", counted.GetValueOrDefault(CaseOutcome.Failed));
        Agree("errored", counted.GetValueOrDefault(CaseOutcome.Errored));
        Agree("skipped", counted.GetValueOrDefault(CaseOutcome.Skipped));
    }

    private void Agree(string what, int count)
    {
        if (declared.TryGetValue(what, out var said) && !(Math.Abs(said - count) <= notUnderstood))
            throw ResultsException.Disagree(
                string.Create(CultureInfo.InvariantCulture, $"result_counts.{what} is {said}, but {count} output items are")
            );
    }

    private sealed class Graders(JsonStream json)
    {
        public int Count { get; private set; }

        public bool Failed { get; private set; }

        public string? Fault { get; private set; }

        public void AddAll()
        {
            if (json.Token == JsonTokenType.StartArray)
                json.ArrayIfAny(Add);
            else if (json.Scalar() is { IsNull: false } other)
                Fault ??= $"results is {JsonWords.Word(other)}, and no list";
        }

        private void Add()
        {
            bool? passed = null;
            JsonScalar? score = null;
            string? error = null;
            var words = new JsonWords(json);
            json.ObjectIfAny(part =>
            {
                switch (part)
                {
                    case "passed":
                        passed = words.Flag(part);
                        break;
                    case "score":
                        score = json.Scalar();
                        break;
                    case "error":
                        error = JsonWords.Error(json) ?? error;
                        break;
                    case "reason":
                        error ??= json.Scalar().Text is { } reason && StatusWords.IsNotApplicable(reason) ? reason : null;
                        break;
                    default:
                        words.Look(part);
                        break;
                }
            });
            Count++;
            Failed |= passed == false;
            if (passed != false || error is not null)
                Fault ??= error ?? words.Fault ?? (passed is null || score?.Finite is null ? "a grader gave no result" : null);
        }
    }
}
