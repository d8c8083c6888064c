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
    private string? kind;
    private string? id;
    private string? status;
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
            case "result_counts":
                json.ObjectIfAny(count => declared[count] = json.Scalar().Finite ?? double.NaN);
                break;
            case "has_more":
                more |= json.Scalar().Flag == true;
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
                });
                break;
            default:
                break;
        }
    }

    private void Item()
    {
        string? type = null,
            item = null,
            source = null,
            run = null,
            said = null,
            error = null;
        List<string> tags = [];
        var (graders, missing, failed) = (0, false, false);
        void Grader()
        {
            bool? passed = null;
            JsonScalar? score = null;
            json.ObjectIfAny(part =>
            {
                passed = part == "passed" ? json.Scalar().Flag : passed;
                score = part == "score" ? json.Scalar() : score;
            });
            graders++;
            missing |= passed is null || (passed == true && score is { Finite: null });
            failed |= passed == false;
        }
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
                    said = json.Scalar().Text;
                    break;
                case "datasource_item":
                    json.ObjectIfAny(part => tags = part == "tags" ? json.Texts() : tags);
                    break;
                case "results":
                    json.ArrayIfAny(Grader);
                    break;
                case "sample":
                    json.ObjectIfAny(part =>
                    {
                        if (part == "error")
                            json.ObjectIfAny(detail => error = json.Scalar().Text is { Length: > 0 } text ? text : error);
                    });
                    break;
                default:
                    break;
            }
        });
        if (type != "eval.run.output_item")
            throw new ResultsException(EvalReasons.UnknownFormat, $"a list of \"{type}\"; \"eval.run.output_item\" is expected");
        // Pages of a list that overlap.
        if (item is null || !items.Add(item))
            throw new ResultsException(EvalReasons.DuplicateCases, $"the output item {item ?? "without an id"} is there twice");
        runs.Add(run ?? string.Empty);
        var fault =
            error
            ?? (
                said is "error" or "errored" ? "errored"
                : graders == 0 || missing ? "a grader gave no result"
                : null
            );
        var outcome =
            said == "skipped" ? CaseOutcome.Skipped
            : fault is not null ? CaseOutcome.Errored
            : failed ? CaseOutcome.Failed
            : CaseOutcome.Passed;
        if ((said == "pass" && outcome == CaseOutcome.Failed) || (said is "fail" or "failed" && outcome == CaseOutcome.Passed))
            throw ResultsException.Disagree($"item {item} has the status {said}, but its graders say the opposite");
        counted[outcome] = counted.GetValueOrDefault(outcome) + 1;
        cases.Add(Measurement.Of(source ?? item, outcome) with { Tags = tags, Fault = fault });
    }

    private void Check()
    {
        if (status is not null && status != "completed")
            throw new ResultsException(EvalReasons.RunIncomplete, $"the run is \"{status}\", not \"completed\"");
        if (more)
            throw new ResultsException(EvalReasons.RunIncomplete, "has_more is true: this is one page of the output items");
        if (!listed)
            throw new ResultsException(EvalReasons.RunIncomplete, "a run without its output items; add them as \"output_items\"");
        if (status is null && kind != "list")
            throw new ResultsException(EvalReasons.UnknownFormat, $"\"object\" is \"{kind}\", neither a list nor a run with a status");
        if (runs.Count > 1 || (kind == "eval.run" && id is not null && runs.Any(run => run != id)))
            throw new ResultsException(EvalReasons.SeveralSubjects, "output items of several runs");
        Agree("total", cases.Count);
        Agree("passed", counted.GetValueOrDefault(CaseOutcome.Passed));
        Agree("failed", counted.GetValueOrDefault(CaseOutcome.Failed));
        Agree("errored", counted.GetValueOrDefault(CaseOutcome.Errored));
        Agree("skipped", counted.GetValueOrDefault(CaseOutcome.Skipped));
    }

    private void Agree(string what, int count)
    {
        if (declared.TryGetValue(what, out var said) && said != count)
            throw ResultsException.Disagree(
                string.Create(CultureInfo.InvariantCulture, $"result_counts.{what} is {said}, but {count} output items are")
            );
    }
}
