using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// What was booked in one window, told apart, in batches: one waits for its acknowledgement, unchanged, while the next one gathers.
/// Bounded, whatever the values are. Not thread-safe: the account calls it under its lock. No money depends on it.
/// </summary>
internal sealed class SpendTally
{
    // More than a batch names, so that the costliest of them are really those; and yet a bound.
    private const int MostGathered = 256;

    private readonly List<SpendBatch> waiting = [];
    private Gathering next = new();
    private long number;

    /// <summary>A cost was booked.</summary>
    public void Booked(SpendLabels labels, Money cost) => next.Add(labels, cost);

    /// <summary>A run ended that called a model.</summary>
    public void RunEnded(string id, Money cost) => next.Add(id, cost);

    /// <summary>The batches that the next message carries.</summary>
    /// <param name="last">No other message about this window follows: it carries all there is.</param>
    public IReadOnlyList<SpendBatch> Outgoing(bool last)
    {
        if (!next.IsEmpty && (waiting.Count == 0 || (last && waiting.Count < SpendBounds.MaxBatches)))
        {
            var batch = next.Freeze(++number);
            next = new Gathering();
            // The operator refuses a message that breaks a bound, whole: what is told for people must not cost the agent its money.
            if (SpendBounds.Problem([batch]) is null)
                waiting.Add(batch);
        }
        return [.. waiting];
    }

    /// <summary>The operator has written all batches up to a number.</summary>
    public void Acknowledge(long noted) => waiting.RemoveAll(batch => batch.Number <= noted);

    private sealed class Gathering
    {
        private readonly Dictionary<string, Dictionary<string, SpendValue>> by = new(StringComparer.Ordinal);
        private readonly List<RunSpend> runs = [];
        private readonly CostSketch perCall = new();
        private readonly CostSketch perRun = new();

        public bool IsEmpty => perCall.Count == 0 && perRun.Count == 0;

        public void Add(SpendLabels labels, Money cost)
        {
            perCall.Add(cost);
            Add(Attribution.Model, labels.Model, cost);
            Add(Attribution.Revision, labels.Revision, cost);
            for (var i = 0; i < labels.Tags.Count; i++)
                Add(labels.Tags[i].Key, labels.Tags[i].Value, cost);
        }

        public void Add(string run, Money cost)
        {
            perRun.Add(cost);
            if (runs.Count == SpendBounds.MaxRuns && cost <= runs[^1].Cost)
                return;
            runs.Insert(runs.Count(other => other.Cost >= cost), new RunSpend { Id = run, Cost = cost });
            if (runs.Count > SpendBounds.MaxRuns)
                runs.RemoveAt(SpendBounds.MaxRuns);
        }

        public SpendBatch Freeze(long number) =>
            new()
            {
                Number = number,
                By =
                [
                    .. by.Take(SpendBounds.MaxDimensions)
                        .Select(dimension => new SpendDimension { Name = dimension.Key, Values = Costliest(dimension.Value) }),
                ],
                Runs = [.. runs],
                PerCall = perCall.Count == 0 ? null : perCall.ToString(),
                PerRun = perRun.Count == 0 ? null : perRun.ToString(),
            };

        private void Add(string dimension, string value, Money cost)
        {
            if (!by.TryGetValue(dimension, out var values))
                by[dimension] = values = new(StringComparer.Ordinal);
            value = value.Length <= SpendBounds.MaxValue ? value : value[..SpendBounds.MaxValue];
            if (!values.ContainsKey(value) && values.Count >= MostGathered)
                value = Attribution.Other;
            var before = values.GetValueOrDefault(value);
            values[value] = new SpendValue
            {
                Value = value,
                Cost = (before?.Cost ?? Money.Zero) + cost,
                Calls = (before?.Calls ?? 0) + 1,
            };
        }

        private static List<SpendValue> Costliest(Dictionary<string, SpendValue> values)
        {
            var ordered = values
                .Values.Where(value => value.Value != Attribution.Other)
                .OrderByDescending(value => value.Cost.Amount)
                .ThenBy(value => value.Value, StringComparer.Ordinal)
                .ToList();
            var rest = ordered.Skip(SpendBounds.MaxValues).Concat(values.Values.Where(value => value.Value == Attribution.Other)).ToList();
            var named = ordered.Take(SpendBounds.MaxValues).ToList();
            if (rest.Count > 0)
                named.Add(
                    new SpendValue
                    {
                        Value = Attribution.Other,
                        Cost = Money.Sum(rest.Select(value => value.Cost)),
                        Calls = rest.Sum(value => value.Calls),
                    }
                );
            return named;
        }
    }
}
