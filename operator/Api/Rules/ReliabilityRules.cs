using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on timeouts and attempts.</summary>
internal static class ReliabilityRules
{
    public static void Check(ReliabilitySpec? reliability, FindingList findings)
    {
        const string Model = "spec.reliability.modelCall";
        const string Tool = "spec.reliability.toolCall";
        foreach (
            var (text, check, field) in new[]
            {
                (reliability?.ModelCall?.Timeout, ReliabilityChecks.ModelTimeouts, Model + ".timeout"),
                (reliability?.ModelCall?.FirstByteTimeout, ReliabilityChecks.ModelTimeouts, Model + ".firstByteTimeout"),
                (reliability?.ModelCall?.EventTimeout, ReliabilityChecks.ModelTimeouts, Model + ".eventTimeout"),
                (reliability?.ToolCall?.Timeout, ReliabilityChecks.ToolTimeout, Tool + ".timeout"),
                (reliability?.ToolCall?.FirstByteTimeout, ReliabilityChecks.ToolTimeout, Tool + ".firstByteTimeout"),
                (reliability?.ToolCall?.EventTimeout, ReliabilityChecks.ToolTimeout, Tool + ".eventTimeout"),
            }
        )
        {
            if (FieldValues.Duration(text, check, field, findings) is { } duration && duration <= TimeSpan.Zero)
                findings.Add(check, field, "must be longer than 0");
        }
        if (reliability?.ModelCall?.Attempts is < 1 or > 10)
            findings.Add(ReliabilityChecks.Attempts, Model + ".attempts", "must be from 1 to 10");
        SideEffects(reliability?.SideEffects, findings);
    }

    private static void SideEffects(SideEffectsSpec? effects, FindingList findings)
    {
        const string Field = "spec.reliability.sideEffects";
        // A guardrail takes an empty list for none and a spec for one that asks for something: neither may be read as the other.
        if (effects is { Tools.Count: 0 })
            findings.Add(ReliabilityChecks.SideEffects, Field + ".tools", "names no tool: name one, or leave sideEffects out");
        if (
            FieldValues.Duration(effects?.Window, ReliabilityChecks.SideEffects, Field + ".window", findings) is { } window
            && (window < TimeSpan.FromMinutes(1) || window > TimeSpan.FromHours(168))
        )
            findings.Add(ReliabilityChecks.SideEffects, Field + ".window", "must be from 1m to 168h");
    }
}
