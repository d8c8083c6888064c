using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Evals;

/// <summary>
/// What the reporter says in its pod's termination message: counts, and the digest of the results that it printed to its log. At most
/// 1,024 bytes, so that what else the pod says still fits; results that are small come along, so that no log need be read.
/// </summary>
public sealed record ReporterMessage
{
    /// <summary>The longest message without results, in bytes.</summary>
    public const int MaxBytes = 1024;

    /// <summary>
    /// The longest results that come along, in characters: with the message less than the 4,096 bytes that the kubelet keeps.
    /// </summary>
    public const int MaxInline = 2800;

    /// <summary>The EvalRun's UID, as the operator gave it to the reporter: a message of another run is not taken.</summary>
    public required string Run { get; init; }

    /// <summary>SHA-256 of the cases file in hex, where the built-in runner ran; null otherwise.</summary>
    public string? CasesDigest { get; init; }

    /// <summary>SHA-256 in hex of the native text in the log; empty where there is none.</summary>
    public required string Digest { get; init; }

    /// <summary>One word of <see cref="ResultFormats"/>; null where it was not recognised.</summary>
    public string? Format { get; init; }

    /// <summary>Cases in the results.</summary>
    public required int Cases { get; init; }

    /// <summary>Cases that passed.</summary>
    public required int Passed { get; init; }

    /// <summary>Cases that failed.</summary>
    public required int Failed { get; init; }

    /// <summary>Cases that could not be measured.</summary>
    public required int Errored { get; init; }

    /// <summary>Cases that were left out on purpose.</summary>
    public required int Skipped { get; init; }

    /// <summary>One word of <see cref="EvalReasons"/> where there are no results to use; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>What is wrong, for people; null where nothing is.</summary>
    public string? Message { get; init; }

    /// <summary>The native text itself, as <see cref="ResultsLog.Inline"/> packs it, where it is small; null: it is in the log.</summary>
    public string? Results { get; init; }

    /// <summary>A message of results that can be used.</summary>
    /// <param name="run">The EvalRun's UID.</param>
    /// <param name="results">Without problems.</param>
    /// <param name="digest">Of their native text.</param>
    public static ReporterMessage Of(string run, EvalResults results, string digest) =>
        new()
        {
            Run = run,
            Digest = digest,
            Format = results.Format,
            Cases = results.Cases.Count,
            Passed = results.Cases.Count(one => one.Outcome == CaseOutcome.Passed),
            Failed = results.Cases.Count(one => one.Outcome == CaseOutcome.Failed),
            Errored = results.Cases.Count(one => one.Outcome == CaseOutcome.Errored),
            Skipped = results.Cases.Count(one => one.Outcome == CaseOutcome.Skipped),
        };

    /// <summary>A message of a problem.</summary>
    /// <param name="run">The EvalRun's UID.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="format">Of the file, where it was recognised.</param>
    public static ReporterMessage Of(string run, ResultsProblem problem, string? format = null) =>
        new()
        {
            Run = run,
            Digest = string.Empty,
            Format = format,
            Cases = 0,
            Passed = 0,
            Failed = 0,
            Errored = 0,
            Skipped = 0,
            Reason = problem.Reason,
            Message = problem.Message,
        };

    /// <summary>Reads a termination message; null where it is none of a reporter.</summary>
    public static ReporterMessage? TryParse(string? message)
    {
        if (string.IsNullOrWhiteSpace(message))
            return null;
        try
        {
            var parsed = JsonSerializer.Deserialize(message, ReporterJson.Default.ReporterMessage);
            return parsed is { Cases: >= 0, Passed: >= 0, Failed: >= 0, Errored: >= 0, Skipped: >= 0 } ? parsed : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Writes a termination message of at most <see cref="MaxBytes"/> bytes and the results: texts are shortened until it fits.
    /// </summary>
    public string ToMessage()
    {
        var message = this with { Results = null };
        for (var length = 512; Size(message) > MaxBytes && length > 0; length /= 2)
            message = message with { Message = Shorten(message.Message, length) };
        // Only what is no run, digest or word at all is longer than this.
        for (var length = 64; Size(message) > MaxBytes && length > 0; length /= 2)
        {
            message = message with
            {
                Run = Shorten(message.Run, length)!,
                Digest = Shorten(message.Digest, length)!,
                CasesDigest = Shorten(message.CasesDigest, length),
                Format = Shorten(message.Format, length),
                Reason = Shorten(message.Reason, length),
            };
        }
        return JsonSerializer.Serialize(
            message with
            {
                Results = Results is { Length: <= MaxInline } ? Results : null,
            },
            ReporterJson.Default.ReporterMessage
        );
    }

    private static int Size(ReporterMessage message) =>
        JsonSerializer.SerializeToUtf8Bytes(message, ReporterJson.Default.ReporterMessage).Length;

    private static string? Shorten(string? text, int length)
    {
        if (text is null || text.Length <= length)
            return text;
        // Not through the middle of a surrogate pair.
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}

/// <summary>JSON of the reporter's message.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true
)]
[JsonSerializable(typeof(ReporterMessage))]
public sealed partial class ReporterJson : JsonSerializerContext;
