using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Evals;

/// <summary>
/// What the built-in runner says in its pod's termination message: counts and the IDs of some failing cases. At most 4,096 bytes,
/// which is what the kubelet keeps.
/// </summary>
public sealed record RunnerReport
{
    /// <summary>The EvalRun's UID, as the operator gave it to the runner: a report of another run is not taken.</summary>
    public required string Run { get; init; }

    /// <summary>SHA-256 of the cases file that was run, in hex.</summary>
    public required string CasesDigest { get; init; }

    /// <summary>Cases in the file.</summary>
    public required int Cases { get; init; }

    /// <summary>Cases that met their expectation.</summary>
    public required int Passed { get; init; }

    /// <summary>Cases that were answered, and not as expected.</summary>
    public required int Failed { get; init; }

    /// <summary>Cases that could not be measured: no answer, a transport fault, a timeout.</summary>
    public required int Errored { get; init; }

    /// <summary>Cases with a critical tag that did not pass.</summary>
    public int CriticalFailed { get; init; }

    /// <summary>IDs of cases that did not pass, critical ones first, as many as fit.</summary>
    public IReadOnlyList<string> Failing { get; init; } = [];

    /// <summary>Why the run as a whole could not be made, for example an unreadable cases file; null otherwise.</summary>
    public string? Error { get; init; }

    /// <summary>The first fault of an errored case, shortened.</summary>
    public string? FirstFault { get; init; }

    /// <summary>Reads a termination message; null where it is no report.</summary>
    public static RunnerReport? TryParse(string? message)
    {
        if (string.IsNullOrWhiteSpace(message))
            return null;
        try
        {
            return JsonSerializer.Deserialize(message, RunnerJson.Default.RunnerReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a termination message of at most <paramref name="maxBytes"/> bytes: failing IDs are left out from the end until it fits.</summary>
    public string ToMessage(int maxBytes = 4096)
    {
        var report = this;
        while (true)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.RunnerReport);
            if (bytes.Length <= maxBytes || report.Failing.Count == 0)
                return System.Text.Encoding.UTF8.GetString(bytes);
            report = report with { Failing = [.. report.Failing.Take(report.Failing.Count - 1)] };
        }
    }
}

/// <summary>JSON of the runner's report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunnerReport))]
public sealed partial class RunnerJson : JsonSerializerContext;
