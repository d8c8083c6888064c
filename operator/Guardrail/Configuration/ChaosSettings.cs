using System.Collections.Frozen;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>The plans of chaos of an evaluation's pod, checked.</summary>
internal sealed class ChaosSettings
{
    /// <summary>The track of the pods that may make faults. No other track may, whatever its file says.</summary>
    public const string Track = "eval";

    private readonly FrozenDictionary<string, ChaosPlan> plans;

    private ChaosSettings(IReadOnlyList<ChaosPlan> plans)
    {
        for (var i = 0; i < plans.Count; i++)
            Check(plans[i] ?? throw new FormatException($"chaos[{i}] is null"), $"chaos[{i}]");
        this.plans = plans
            .GroupBy(plan => plan.Id, StringComparer.Ordinal)
            .ToFrozenDictionary(same => same.Key, same => same.First(), StringComparer.Ordinal);
    }

    /// <summary>Reads the plans; null where there are none, or where this pod is not one of an evaluation.</summary>
    /// <exception cref="FormatException">A plan of an evaluation's pod cannot be carried out.</exception>
    public static ChaosSettings? Read(GuardrailConfig config) =>
        config is { Chaos: { Count: > 0 } plans, Agent.Track: Track } ? new ChaosSettings(plans) : null;

    /// <summary>The file has plans, and they are not carried out, as this is no pod of an evaluation.</summary>
    public static bool IsRefused(GuardrailConfig config) => config is { Chaos.Count: > 0, Agent.Track: not Track };

    /// <summary>The plan of an ID; null where it is not in force here.</summary>
    public ChaosPlan? Find(string id) => plans.GetValueOrDefault(id);

    // What is not listed is refused, and never left out: an evaluation that makes fewer faults than it says would pass too easily.
    private static void Check(ChaosPlan plan, string field)
    {
        if (plan.Faults.Count is 0 or > ChaosFaults.Most)
            throw new FormatException($"{field}.faults must have 1 to {ChaosFaults.Most} entries");
        for (var i = 0; i < plan.Faults.Count; i++)
        {
            var (fault, at) = (plan.Faults[i], $"{field}.faults[{i}]");
            if (!ChaosFaults.All.Contains(fault.Fault, StringComparer.Ordinal))
                throw new FormatException($"{at}.fault: \"{fault.Fault}\" is none of {string.Join(", ", ChaosFaults.All)}");
            if (fault.Percent is < 1 or > 100 || ChaosFaults.Together(plan.Faults, fault) > 100)
                throw new FormatException($"{at}.percent must be from 1 to 100, and with the others of the same calls at most 100");
            if ((fault.Tool is null) == (fault.Upstream is null) || (fault.Tool is null && ChaosFaults.IsOfTools(fault.Fault)))
                throw new FormatException($"{at} must name a tool, or an upstream where the fault is not one of tools");
            if (fault.Fault == ChaosFaults.Slow && (fault.Delay is null || !GoDuration.TryParse(fault.Delay, out _)))
                throw new FormatException($"{at}.delay: \"{fault.Delay}\" is not a duration");
        }
        if (ChaosPlan.Of(plan.Eval, plan.Seed, plan.Faults).Id != plan.Id)
            throw new FormatException($"{field}.id: \"{plan.Id}\" is not the digest of what the plan says");
    }
}
