using System.Buffers.Text;
using System.Text.Json;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// What a service account token says of itself, unproven (RFC 7519, and Kubernetes' claim <c>kubernetes.io</c> for bound tokens). It only
/// decides whether the API server is asked, and for how many at once.
/// </summary>
/// <param name="Subject">Whose it is: "system:serviceaccount:NAMESPACE:NAME".</param>
/// <param name="Pod">The pod that it is bound to; null where it is bound to none.</param>
/// <param name="PodUid">The UID of that pod.</param>
internal sealed record TokenClaims(string Subject, NamespacedName? Pod, string? PodUid)
{
    private const int LongestSubject = 512;

    /// <summary>
    /// Reads them; null where the text is no token that the API server could take for one of the audience: then it need not be asked.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="audience">The audience that it must be made for.</param>
    /// <param name="now">The moment.</param>
    public static TokenClaims? Read(string token, string audience, DateTimeOffset now)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || parts.Any(part => part.Length == 0))
            return null;
        try
        {
            using var payload = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            var root = payload.RootElement;
            if (!root.TryGetProperty("exp", out var expiry) || !expiry.TryGetInt64(out var seconds) || seconds <= now.ToUnixTimeSeconds())
                return null;
            if (!root.TryGetProperty("aud", out var audiences) || !Names(audiences, audience))
                return null;
            if (root.GetProperty("sub").GetString() is not { Length: > 0 and <= LongestSubject } subject)
                return null;
            return
                root.TryGetProperty("kubernetes.io", out var bound)
                && bound.TryGetProperty("pod", out var pod)
                && bound.GetProperty("namespace").GetString() is { Length: > 0 and <= LongestSubject } ns
                && pod.GetProperty("name").GetString() is { Length: > 0 and <= LongestSubject } name
                && pod.GetProperty("uid").GetString() is { Length: > 0 and <= LongestSubject } uid
                ? new TokenClaims(subject, new NamespacedName(ns, name), uid)
                : new TokenClaims(subject, null, null);
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static bool Names(JsonElement audiences, string audience) =>
        audiences.ValueKind == JsonValueKind.Array
            ? audiences.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.GetString() == audience)
            : audiences.ValueKind == JsonValueKind.String && audiences.GetString() == audience;
}
