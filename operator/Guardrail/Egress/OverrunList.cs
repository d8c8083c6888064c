using System.Collections.Concurrent;

namespace AgentReadiness.Guardrail;

/// <summary>Price rules whose bound did not hold once: their models are refused until somebody has looked into it.</summary>
internal sealed class OverrunList
{
    private readonly ConcurrentDictionary<string, string> byRule = new(StringComparer.Ordinal);

    /// <summary>Why a rule's models are refused; null where they are not.</summary>
    public string? Why(string rule) => byRule.IsEmpty ? null : byRule.GetValueOrDefault(rule);

    /// <summary>Refuses a rule's models from now on.</summary>
    public void Add(string rule, string why) => byRule.TryAdd(rule, why);
}
