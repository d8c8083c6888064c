using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.EvalRunner;

/// <summary>How a case ended.</summary>
internal enum Outcome
{
    Passed,
    Failed,
    Errored,
}

/// <summary>The result of a case.</summary>
internal sealed record CaseResult(int Index, string Id, bool Critical, Outcome Outcome, string Reason, TimeSpan Duration)
{
    /// <summary>The line for the log: enough to find the case, nothing of what it asks, expects or got.</summary>
    public string ToLine() => JsonSerializer.Serialize(
        new CaseLine(Id, Outcome == Outcome.Passed, Outcome == Outcome.Errored ? $"not measured: {Reason}" : Reason, (long)Duration.TotalMilliseconds),
        CaseJson.Default.CaseLine);
}

/// <summary>A line of the log.</summary>
internal sealed record CaseLine(string Id, bool Passed, string Reason, long DurationMs);

/// <summary>JSON of the log's lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CaseLine))]
internal sealed partial class CaseJson : JsonSerializerContext;
