using System.Net;
using System.Text.Json.Nodes;

namespace AgentReadiness.Runtime;

/// <summary>
/// Which failed requests are sent again, and when. A server that names a delay did not process the request, so any verb may come
/// again; without one only a verb that does the same when it is done twice.
/// </summary>
internal static class RequestRetry
{
    // client-go's number. Each wait is the server's own word, so many are no burden to it.
    private const int MostTriesAsTold = 10;

    // About a second and a half in all: a fault that lasts longer is the work queue's to wait out, not a worker's.
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
