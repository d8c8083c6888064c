using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Upstreams;
using Prometheus;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>The metrics of upstreams. Their labels are names that the spec declares, and words of closed lists.</summary>
internal sealed class UpstreamMetrics
{
    private readonly Counter repeats;
    private readonly Counter changes;
    private readonly Counter fallbacks;
    private readonly Counter notTaken;
    private readonly Gauge circuit;
    private readonly Gauge calls;

    private readonly UpstreamStates states;

    /// <param name="factory">Makes them.</param>
    /// <param name="states">The upstreams.</param>
    public UpstreamMetrics(MetricFactory factory, UpstreamStates states)
    {
        this.states = states;
        repeats = factory.CreateCounter(
            "agentreadiness_call_repeats_total",
            "Calls that repeat a failed one, by who repeated them; by nobody: the retry budget was used up.",
            "kind",
            "upstream",
            "by"
        );
        changes = factory.CreateCounter(
            "agentreadiness_circuit_changes_total",
            "Changes of the state of circuit breakers.",
            "upstream",
            "state",
            "reason"
        );
        fallbacks = factory.CreateCounter(
            "agentreadiness_fallbacks_total",
            "Model calls that another upstream got in the place of the one that was called, by why.",
            "upstream",
            "to",
            "reason"
        );
        notTaken = factory.CreateCounter(
            "agentreadiness_fallbacks_not_taken_total",
            "Model calls that failed where a fallback is declared, and did not go there, by why not.",
            "upstream",
            "to",
            "why"
        );
        circuit = factory.CreateGauge("agentreadiness_circuit_state", "0: closed, 1: half-open, 2: open.", "upstream");
        calls = factory.CreateGauge(
            "agentreadiness_upstream_calls",
            "Calls that hold a place at an upstream, or wait for one.",
            "upstream",
            "state"
        );
    }

    /// <summary>A call repeats another.</summary>
    public void Repeated(string kind, string upstream, string by) => repeats.WithLabels(kind, upstream, by).Inc();

    /// <summary>A call goes to another upstream.</summary>
    public void FellBack(string upstream, string to, FallbackReason reason) => fallbacks.WithLabels(upstream, to, reason.ToString()).Inc();

    /// <summary>A call could have gone to another upstream.</summary>
    public void NotFellBack(string upstream, string to, string why) => notTaken.WithLabels(upstream, to, why).Inc();

    /// <summary>A circuit breaker changed its state.</summary>
    public void CircuitChanged(string upstream, CircuitChange change) =>
        changes.WithLabels(upstream, change.To.ToString(), change.Reason.ToString()).Inc();

    /// <summary>Takes the present state of each upstream.</summary>
    public void Read()
    {
        foreach (var (name, state) in states.All)
        {
            circuit.WithLabels(name).Set((int)state.Circuit.State);
            var (held, waiting) = state.Slots.Counts;
            calls.WithLabels(name, "held").Set(held);
            calls.WithLabels(name, "waiting").Set(waiting);
        }
    }
}
