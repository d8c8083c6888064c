using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on timeouts, attempts, retry budget, circuit breaker and concurrency.</summary>
internal static class ReliabilityRules
{
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWindow = TimeSpan.FromHours(1);

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
        if (reliability?.Refusal is { } refusal)
            Refusal(refusal, findings);
        if (reliability?.ToolCall?.Attempts is < 1 or > 10)
            findings.Add(ReliabilityChecks.ToolAttempts, Tool + ".attempts", "must be from 1 to 10");
        if (reliability?.ReadOnlyTools.Exists(string.IsNullOrWhiteSpace) == true)
            findings.Add(ReliabilityChecks.ToolAttempts, "spec.reliability.readOnlyTools", "must not hold an empty name");
        if (reliability?.RetryBudgetPercent is < 0 or > 100)
            findings.Add(ReliabilityChecks.RetryBudget, "spec.reliability.retryBudgetPercent", "must be from 0 to 100");
        if (reliability?.MaxConcurrentCalls is < 1 or > 512)
            findings.Add(ReliabilityChecks.Concurrency, "spec.reliability.maxConcurrentCalls", "must be from 1 to 512");
        if (reliability?.CircuitBreaker is { } circuit)
            CheckCircuit(circuit, findings);
    }

    private static void CheckCircuit(CircuitBreakerSpec circuit, FindingList findings)
    {
        const string Circuit = "spec.reliability.circuitBreaker";
        var check = ReliabilityChecks.Circuit;
        if (circuit.FailurePercent is < 1 or > 100)
            findings.Add(check, Circuit + ".failurePercent", "must be from 1 to 100");
        if (circuit.MinimumCalls is < 1 or > 10000)
            findings.Add(check, Circuit + ".minimumCalls", "must be from 1 to 10000");
        if (circuit.SlowCallPercent is < 1 or > 100)
            findings.Add(check, Circuit + ".slowCallPercent", "must be from 1 to 100");
        if (circuit is { SlowCallPercent: not null, SlowCallAfter: null })
            findings.Add(check, Circuit + ".slowCallPercent", "needs slowCallAfter: without it no call is slow");
        foreach (var (text, name) in new[] { (circuit.OpenFor, "openFor"), (circuit.SlowCallAfter, "slowCallAfter") })
        {
            if (FieldValues.Duration(text, check, $"{Circuit}.{name}", findings) is { } duration && duration <= TimeSpan.Zero)
                findings.Add(check, $"{Circuit}.{name}", "must be longer than 0");
        }
        if (
            FieldValues.Duration(circuit.Window, check, Circuit + ".window", findings) is { } window
            && (window < ShortestWindow || window > LongestWindow)
        )
            findings.Add(check, Circuit + ".window", "must be from 1s to 1h");
    }

    private static void Refusal(RefusalSpec refusal, FindingList findings)
    {
        if (refusal.StatusCode is < 400 or > 499)
            Add(".statusCode", "must be from 400 to 499");
        if (refusal.Message is { } text && (string.IsNullOrWhiteSpace(text) || text.Length > 1024))
            Add(".message", "must have 1 to 1024 characters, and not white space only");
        if (refusal.Path is { } path && MemberPath.TryParse(path) is null)
            Add(".path", $"\"{path}\" must be names with dots between them, for example \"refused\" or \"result.refusal\"");
        if (refusal.CannotAnswerAfter is < 1 or > 100)
            Add(".cannotAnswerAfter", "must be from 1 to 100");
        if (refusal is { CannotAnswerAfter: not null, Message: null })
            Add(".cannotAnswerAfter", "needs message: it is what clients are answered");
        void Add(string field, string what) => findings.Add(ReliabilityChecks.Refusal, "spec.reliability.refusal" + field, what);
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
