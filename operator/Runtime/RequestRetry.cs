using System.Net;
using System.Text.Json.Nodes;

namespace AgentReadiness.Runtime;

/// <summary>
/// Which failed requests are sent again, and when. A server that names a delay did not process the request, so any verb may come
/// again; without one only a verb that does the same when it is done twice.
/// </summary>
internal static class RequestRetry
{
    // The number of client-go. The server itself asked for each of these waits, so they do not overload it.
    private const int MostTriesAsTold = 10;

    // These tries take about 1.5 seconds. After that the work queue waits, so that no worker is kept busy by a longer fault.
    private const int MostTriesOfOurs = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>True where the request, sent twice, leaves what it leaves when sent once, or is refused the second time.</summary>
    public static bool IsIdempotent(HttpMethod method, JsonNode? body, string? contentType) =>
        method == HttpMethod.Get
        || method == HttpMethod.Delete
        || (method == HttpMethod.Put && body?["metadata"]?["resourceVersion"] is not null)
        || (method == HttpMethod.Patch && contentType is "application/apply-patch+yaml" or "application/merge-patch+json");

    /// <summary>The pause before the next try; null where there is none.</summary>
    /// <param name="exception">What the try ended with.</param>
    /// <param name="tries">How many there were.</param>
    /// <param name="idempotent">Whether the request may be processed twice.</param>
    public static TimeSpan? Pause(Exception exception, int tries, bool idempotent) =>
        exception switch
        {
            KubernetesApiException { RetryAfter: { } told } => tries < MostTriesAsTold ? (told > FirstPause ? told : FirstPause) : null,
            KubernetesApiException refused when !IsServerFault(refused.StatusCode) => null,
            KubernetesApiException or HttpRequestException or IOException when idempotent && tries < MostTriesOfOurs => FirstPause
                * Math.Pow(2, tries - 1)
                * (0.5 + Random.Shared.NextDouble()),
            _ => null,
        };

    private static bool IsServerFault(HttpStatusCode status) =>
        status
            is HttpStatusCode.InternalServerError
                or HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout;
}
