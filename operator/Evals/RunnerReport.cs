using System.Text;
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
            var report = JsonSerializer.Deserialize(message, RunnerJson.Default.RunnerReport);
            // The generated reader leaves an absent member null, whatever its initializer says.
            if (report is { Failing: null })
                report = report with { Failing = [] };
            return report?.Failing.Contains(null!) == true ? null : report;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Writes a termination message of at most <paramref name="maxBytes"/> bytes: failing IDs are left out from the end until it fits,
    /// and where that is not enough, the texts are shortened.
    /// </summary>
    public string ToMessage(int maxBytes = 4096)
    {
        var report = this;
        // A message that is cut by the kubelet is no report at all: better a short text than none.
        for (var length = 2048; Size(report with { Failing = [] }) > maxBytes && length > 0; length /= 2)
            report = report with { Error = Shorten(Error, length), FirstFault = Shorten(FirstFault, length) };
        // By halves and not one by one: a suite may have tens of thousands of failing cases.
        var (fits, tooMany) = (0, report.Failing.Count + 1);
        while (tooMany - fits > 1)
        {
            var middle = fits + ((tooMany - fits) / 2);
            if (Size(report with { Failing = [.. report.Failing.Take(middle)] }) <= maxBytes)
                fits = middle;
            else
                tooMany = middle;
        }
        return Encoding.UTF8.GetString(Bytes(report with { Failing = [.. report.Failing.Take(fits)] }));
    }

    private static int Size(RunnerReport report) => Bytes(report).Length;

    private static byte[] Bytes(RunnerReport report) => JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.RunnerReport);

    private static string? Shorten(string? text, int length)
    {
        if (text is null || text.Length <= length)
            return text;
        // Not through the middle of a surrogate pair.
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}

/// <summary>JSON of the runner's report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RunnerReport))]
public sealed partial class RunnerJson : JsonSerializerContext;
