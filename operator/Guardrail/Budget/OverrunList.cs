using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// Price rules whose bound did not hold once: their models are refused until somebody has looked into it. What this process saw is reported
/// until an answer of the operator, who keeps the list of all pods, no longer has it; without a budget window there is no operator to ask,
/// and it holds while the process lives.
/// </summary>
internal sealed class OverrunList
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, OverrunReport> own = new(StringComparer.Ordinal);
    private volatile Dictionary<string, string> refused = [];

    /// <summary>Why a rule's models are refused; null where they are not.</summary>
    public string? Why(string rule) => refused.Count == 0 ? null : refused.GetValueOrDefault(rule);

    /// <summary>Refuses a rule's models from now on.</summary>
    public void Add(OverrunReport overrun)
    {
        lock (gate)
        {
            own[overrun.Rule] = overrun;
            refused = new(refused, StringComparer.Ordinal) { [overrun.Rule] = overrun.Why };
        }
    }

    /// <summary>What is to be reported.</summary>
    public IReadOnlyList<OverrunReport> Own
    {
        get
        {
            lock (gate)
                return own.Count == 0 ? [] : [.. own.Values.Take(GrantProtocol.MaxOverruns)];
        }
    }

    /// <summary>Takes the operator's list over; of the own ones, those that it did not know when it answered stay.</summary>
    /// <param name="sent">What was reported with the message.</param>
    /// <param name="answer">The operator's list; null where the answer had none: then all stays as it is.</param>
    public void Take(IReadOnlyList<OverrunReport> sent, IReadOnlyList<RefusedRule>? answer)
    {
        if (answer is null)
            return;
        lock (gate)
        {
            if (own.Count == 0 && answer.Count == 0 && refused.Count == 0)
                return;
            foreach (var report in sent)
            {
                if (own.TryGetValue(report.Rule, out var known) && known.At == report.At && !answer.Any(rule => rule.Rule == report.Rule))
                    own.Remove(report.Rule);
            }
            var next = answer.DistinctBy(rule => rule.Rule).ToDictionary(rule => rule.Rule, rule => rule.Why, StringComparer.Ordinal);
            foreach (var report in own.Values)
                next.TryAdd(report.Rule, report.Why);
            refused = next;
        }
    }
}
