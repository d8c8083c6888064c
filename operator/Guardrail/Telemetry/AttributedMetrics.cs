using System.Collections.Concurrent;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Runs;
using Prometheus;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>
/// Cost and calls by tag. One series for each value of each tag, so that their number grows with the values and not with their
/// combinations, and at most
/// <see cref="MostValues"/> values of a tag: later ones count as "(other)".
/// </summary>
internal sealed class AttributedMetrics(IMetricFactory factory)
{
    /// <summary>The most values of a tag that have a series of their own in this process.</summary>
    public const int MostValues = 100;

    private readonly Counter cost = factory.CreateCounter(
        "agentreadiness_attributed_cost_usd_total",
        "Cost of model calls by tag, USD.",
        ["dimension", "value"]
    );
    private readonly Counter calls = factory.CreateCounter(
        "agentreadiness_attributed_calls_total",
        "Model calls that cost something by tag.",
        ["dimension", "value"]
    );
    private readonly ConcurrentDictionary<string, Values> known = new(StringComparer.Ordinal);

    /// <summary>A model call was booked.</summary>
    public void Booked(Tags tags, Money spent)
    {
        for (var i = 0; i < tags.Count; i++)
        {
            var (name, value) = tags[i];
            var series = known.GetOrAdd(name, static _ => new Values()).Series(value, this, name);
            series.Cost.Inc((double)spent.Amount);
            series.Calls.Inc();
        }
    }

    private readonly record struct Pair(Counter.Child Cost, Counter.Child Calls);

    private sealed class Values
    {
        private readonly Lock gate = new();
        private readonly ConcurrentDictionary<string, Pair> series = new(StringComparer.Ordinal);

        public Pair Series(string value, AttributedMetrics metrics, string name)
        {
            if (series.TryGetValue(value, out var pair))
                return pair;
            lock (gate)
            {
                // The series of the rest is none of the bound: it is there from the first value beyond it.
                if (series.Count >= MostValues && !series.ContainsKey(value))
                    value = Attribution.Other;
                return series.GetOrAdd(value, text => new Pair(metrics.cost.WithLabels(name, text), metrics.calls.WithLabels(name, text)));
            }
        }
    }
}
