using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ToolFailurePolicy"/>, read.</summary>
internal sealed class ToolFailureSettings
{
    private readonly FailureRule[] rules;

    /// <param name="policy">As the configuration has it.</param>
    /// <exception cref="FormatException">A value is out of range, or not known.</exception>
    public ToolFailureSettings(ToolFailurePolicy policy)
    {
        if (policy.Action is not (ToolFailurePolicy.Count or ToolFailurePolicy.Mark or ToolFailurePolicy.Stop))
            throw new FormatException($"toolFailures.action: \"{policy.Action}\" is none of Count, Mark and Stop");
        if (policy.StopAfter < 1)
            throw new FormatException("toolFailures.stopAfter must be at least 1");
        Marks = policy.Action != ToolFailurePolicy.Count;
        StopAfter = policy.Action == ToolFailurePolicy.Stop ? policy.StopAfter : null;
        rules = [.. policy.Failures.Select((rule, i) => new FailureRule(rule, $"toolFailures.failures[{i}]"))];
    }

    /// <summary>The model is told of a failure.</summary>
    public bool Marks { get; }

    /// <summary>A run ends after so many failures in a row; null: it does not.</summary>
    public int? StopAfter { get; }

    /// <summary>A rule is there that takes answers of this tool.</summary>
    public bool Looks(string tool) => Array.Exists(rules, rule => rule.IsOf(tool));

    /// <summary>The rule that takes an answer for a failure; null where none does.</summary>
    public FailureRule? Find(string tool, ToolContent content) => Array.Find(rules, rule => rule.IsOf(tool) && rule.Takes(content));
}
