using System.Net;

namespace AgentReadiness.Runtime;

/// <summary>The API server refused a request.</summary>
/// <param name="statusCode">The HTTP status.</param>
/// <param name="reason">The machine-readable reason of the Status object, for example "AlreadyExists"; empty where there was none.</param>
/// <param name="message">The server's message.</param>
/// <param name="retryAfter">The delay of the Retry-After header, or null.</param>
public sealed class KubernetesApiException(HttpStatusCode statusCode, string reason, string message, TimeSpan? retryAfter = null)
    : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public HttpStatusCode StatusCode { get; } = statusCode;

    /// <summary>The machine-readable reason, for example "AlreadyExists"; may be empty.</summary>
    public string Reason { get; } = reason;

    /// <summary>
    /// When the server wants to be asked again, on a 429 or a 5xx answer that says so, at most 5 minutes; null where it does not.
    /// </summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Somebody else wrote first, or the object is there already.</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict;

    /// <summary>The object is there already; another conflict on a create, a quota's for example, made nothing.</summary>
    public bool IsAlreadyThere => IsConflict && Reason == "AlreadyExists";

    /// <summary>There is no such object.</summary>
    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    /// <summary>The request itself is wrong: sending it again gives the same answer.</summary>
    public bool IsInvalid => StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest;

    /// <summary>The resource version is too old to go on from.</summary>
    public bool IsExpired => StatusCode == HttpStatusCode.Gone;

    /// <summary>The server has too many requests.</summary>
    public bool IsThrottled => StatusCode == HttpStatusCode.TooManyRequests;
}
