using System.Text.Json;
using System.Text.Json.Serialization;
using AgentReadiness.EvalRunner.Cases;

namespace AgentReadiness.EvalRunner.Running;

/// <summary>How a case ended.</summary>
internal enum Outcome
{
    Passed,
    Failed,
    Errored,
}

/// <summary>The result of one repeat of a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Index">Its place in the file.</param>
/// <param name="Repeat">From 1.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Score">0 to 1; 0 where it was not measured.</param>
/// <param name="Reason">Why; it quotes nothing of the case or the answer.</param>
/// <param name="Duration">With all attempts, pauses and judges.</param>
internal sealed record CaseResult(EvalCase Case, int Index, int Repeat, Outcome Outcome, double Score, string Reason, TimeSpan Duration)
{
    /// <summary>How long the agent took over the attempt that counts; null where there is none.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>What the agent said the attempt cost; null where it did not.</summary>
    public decimal? Cost { get; init; }

    /// <summary>How many of its calls of models a fallback answered; null where the agent did not say.</summary>
    public long? Fallbacks { get; init; }

    /// <summary>The faults of the evaluation's chaos that it met.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>The line for the log: enough to find the case, nothing of what it asks, expects or got.</summary>
    public string ToLine() =>
        JsonSerializer.Serialize(
            new CaseLine(
                Case.Id,
                Outcome == Outcome.Passed,
                Outcome == Outcome.Errored ? $"not measured: {Reason}" : Reason,
                (long)Duration.TotalMilliseconds
            ),
            CaseJson.Default.CaseLine
        );
}

/// <summary>A line of the log.</summary>
internal sealed record CaseLine(string Id, bool Passed, string Reason, long DurationMs);

/// <summary>JSON of the log's lines.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CaseLine))]
internal sealed partial class CaseJson : JsonSerializerContext;
