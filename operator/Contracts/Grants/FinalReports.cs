using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Contracts.Grants;

/// <summary>
/// The closing reports of a guardrail that ends while the operator does not answer. It leaves them in its container's termination message,
/// where the operator reads them as long as the pod is there.
/// </summary>
public sealed class FinalReports
{
    /// <summary>
    /// The most bytes of a message: a quarter of what a kubelet reads of a container, as all containers of a pod share 12 KiB.
    /// </summary>
    public const int MaxBytes = 1024;

    /// <summary>How each message begins, so that others are known at once.</summary>
    public const string Prefix = "{\"lastReports\":[";

    /// <summary>The reports, the latest window first.</summary>
    [JsonPropertyName("lastReports")]
    public required IReadOnlyList<FinalReport> Reports { get; init; }

    /// <summary>The message: as many of the reports as it has room for, the first ones first.</summary>
    public static string Write(IEnumerable<GrantRequest> closings)
    {
        var kept = new List<FinalReport>();
        var message = string.Empty;
        foreach (var closing in closings)
        {
            kept.Add(
                new FinalReport
                {
                    Holder = closing.Holder,
                    Window = closing.Window,
                    Settled = closing.Settled,
                    Unproven = closing.Unproven + closing.Reserved,
                    Returned = closing.Returned,
                }
            );
            var longer = JsonSerializer.Serialize(new FinalReports { Reports = kept }, ContractsJson.Default.FinalReports);
            if (Encoding.UTF8.GetByteCount(longer) > MaxBytes)
                break;
            message = longer;
        }
        return message;
    }

    /// <summary>
    /// Reads a message; null for anything but what <see cref="Write"/> writes. Fields that only a newer guardrail knows are passed over.
    /// </summary>
    public static FinalReports? TryRead(string? message)
    {
        if (message is null || !LooksLike(message))
            return null;
        try
        {
            return
                JsonSerializer.Deserialize(message, ContractsJson.Default.FinalReports) is { Reports: { } reports } read
                && !reports.Contains(null!)
                ? read
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a message may be one of these.</summary>
    public static bool LooksLike(string message) => message.Length <= MaxBytes && message.StartsWith(Prefix, StringComparison.Ordinal);
}
