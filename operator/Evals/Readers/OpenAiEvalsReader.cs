namespace AgentReadiness.Evals.Readers;

/// <summary>
/// The output items of a run of the OpenAI Evals API (GET /evals/{eval_id}/runs/{run_id}/output_items): the list object as the API
/// answers it, or one item a line. An item passes where all of its graders do; several samples of one data source item are repeats.
/// </summary>
internal sealed class OpenAiEvalsReader(JsonStream json)
{
    private readonly CaseCollector cases = new();
    private readonly HashSet<string> items = new(StringComparer.Ordinal);
    private string? run;
    private bool more;

    /// <summary>Reads a list object.</summary>
    public static CaseCollector Document(JsonStream json)
    {
        var reader = new OpenAiEvalsReader(json);
        json.Object(name =>
        {
            if (name == "data")
                json.ArrayIfAny(reader.Item);
            else if (name == "has_more")
                reader.more = json.Scalar().Flag == true;
        });
        return reader.more
            ? throw new ResultsException(EvalReasons.RunIncomplete, "\"has_more\" is true: the list is the first page of several; put the items of all pages into one file, one a line")
            : reader.cases;
    }

    /// <summary>Reads items.</summary>
    public static CaseCollector Lines(JsonStream json)
    {
        var reader = new OpenAiEvalsReader(json);
        do
            reader.Item();
        while (json.Read());
        return reader.cases;
    }

    /// <summary>The run itself has sums and no cases.</summary>
    public static CaseCollector Run(JsonStream json) =>
        throw new ResultsException(EvalReasons.RunIncomplete, "this is a run with counts and no cases: export its output items, GET /evals/{eval_id}/runs/{run_id}/output_items");

    private void Item()
    {
        string? id = null, source = null, of = null, status = null;
        var (graders, failed, broken) = (0, false, false);
        json.Object(name =>
        {
            switch (name)
            {
                case "id":
                    id = json.Scalar().Name;
                    break;
                case "datasource_item_id":
                    source = json.Scalar().Name;
                    break;
                case "run_id":
                    of = json.Scalar().Name;
                    break;
                case "status":
                    status = json.Scalar().Text;
                    break;
                case "results":
                    json.ArrayIfAny(() =>
                    {
                        bool? passed = null;
                        json.ObjectIfAny(member =>
                        {
                            if (member == "passed")
                                passed = json.Scalar().Flag;
                        });
                        graders++;
                        failed |= passed == false;
                        broken |= passed is null;
                    });
                    break;
                case "sample":
                    json.ObjectIfAny(member =>
                    {
                        if (member != "error")
                            return;
                        // The API writes an error object of nulls where there is none.
                        json.ObjectIfAny(part => broken |= part is "code" or "message" && json.Scalar().Text is { Length: > 0 });
                    });
                    break;
                default:
                    break;
            }
        });
        if (source is not { Length: > 0 } || id is not { Length: > 0 })
            throw ResultsException.Unreadable($"output item {items.Count + 1} has no id or datasource_item_id");
        if (items.Count > 0 && of != run)
            throw new ResultsException(EvalReasons.SeveralSubjects, $"the items are of several runs, \"{run}\" and \"{of}\"");
        run = of;
        if (!items.Add(id))
            throw new ResultsException(EvalReasons.DuplicateCases, $"output item {id} is there twice");
        if (status == "pass" && failed)
            throw ResultsException.Disagree($"output item {id} is a pass, but one of its graders is not");
        var fault = broken || graders == 0 || status is not ("pass" or "fail" or "completed") ? $"status \"{status}\", {graders} graders" : null;
        cases.Add(Measurement.Of(source, fault is not null ? CaseOutcome.Errored : failed || status == "fail" ? CaseOutcome.Failed : CaseOutcome.Passed) with { Fault = fault });
    }
}
