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
    }
}
