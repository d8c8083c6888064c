using System.Text.RegularExpressions;

namespace AgentReadiness.Contracts.Grants;

/// <summary>What a message may tell of spend. Its sender may be hostile: everything has a bound. Pure.</summary>
public static partial class SpendBounds
{
    /// <summary>The most batches in a message: the one that waits for its acknowledgement and, in a closing one, the rest.</summary>
    public const int MaxBatches = 2;

    /// <summary>The most dimensions of a batch.</summary>
    public const int MaxDimensions = Attribution.MaxTags + 2;

    /// <summary>The most values of a dimension that a batch names, beside the rest.</summary>
    public const int MaxValues = 20;

    /// <summary>The most runs that a batch names.</summary>
    public const int MaxRuns = 5;

    /// <summary>The most characters of a value; a model is named by its price rule, which may be longer than a tag.</summary>
    public const int MaxValue = 128;

    private const long MaxCalls = 1_000_000_000;
    private const decimal MaxCost = 1_000_000_000m;

    /// <summary>What is wrong, with the field's name; null where nothing is.</summary>
    public static string? Problem(IReadOnlyList<SpendBatch>? batches)
    {
        if (batches is null || batches.Count > MaxBatches)
            return $"spend: at most {MaxBatches} batches";
        for (var i = 0; i < batches.Count; i++)
        {
            if (Problem(batches[i], $"spend[{i}]") is { } problem)
                return problem;
        }
        return null;
    }

    private static string? Problem(SpendBatch? batch, string field)
    {
        if (batch is not { Number: >= 1 and <= long.MaxValue / 2 })
            return $"{field}.number: must be 1 or more";
        if (batch.By is null || batch.By.Count > MaxDimensions)
            return $"{field}.by: at most {MaxDimensions} dimensions";
        if (batch.Runs is null || batch.Runs.Count > MaxRuns)
            return $"{field}.runs: at most {MaxRuns}";
        for (var i = 0; i < batch.By.Count; i++)
        {
            if (Problem(batch.By[i], $"{field}.by[{i}]") is { } problem)
                return problem;
            if (batch.By.Take(i).Any(other => other.Name == batch.By[i].Name))
                return $"{field}.by[{i}].name: is there twice";
        }
        for (var i = 0; i < batch.Runs.Count; i++)
        {
            if (batch.Runs[i] is not { Id: not null } run || !RunId().IsMatch(run.Id))
                return $"{field}.runs[{i}].id: must be 1 to 64 of a-z, 0-9 and \"-\"";
            if (run.Cost.Amount is < 0 or > MaxCost)
                return $"{field}.runs[{i}].cost: must be from 0 to {MaxCost}";
        }
        return !IsSketch(batch.PerCall) ? $"{field}.perCall: is no sketch"
            : !IsSketch(batch.PerRun) ? $"{field}.perRun: is no sketch"
            : null;
    }

    private static string? Problem(SpendDimension? dimension, string field)
    {
        if (dimension?.Name is not { } name || !(name is Attribution.Model or Attribution.Revision || Attribution.IsName(name)))
            return $"{field}.name: must be model, revision or a tag's name";
        if (dimension.Values is null || dimension.Values.Count > MaxValues + 1)
            return $"{field}.values: at most {MaxValues + 1}";
        for (var i = 0; i < dimension.Values.Count; i++)
        {
            if (dimension.Values[i] is not { Value: { Length: > 0 and <= MaxValue } text } value || text.Any(char.IsControl))
                return $"{field}.values[{i}].value: must be 1 to {MaxValue} characters and none of control";
            if (value.Cost.Amount is < 0 or > MaxCost)
                return $"{field}.values[{i}].cost: must be from 0 to {MaxCost}";
            if (value.Calls is < 0 or > MaxCalls)
                return $"{field}.values[{i}].calls: must be from 0 to {MaxCalls}";
            if (dimension.Values.Take(i).Any(other => other.Value == text))
                return $"{field}.values[{i}].value: is there twice";
        }
        return null;
    }

    private static bool IsSketch(string? text) => text is null || CostSketch.TryParse(text) is { Count: <= MaxCalls };

    [GeneratedRegex("^[a-z0-9-]{1,64}(?!\n)$")]
    private static partial Regex RunId();
}
