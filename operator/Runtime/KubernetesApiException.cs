using System.Net;

namespace AgentReadiness.Runtime;

/// <summary>The API server refused a request.</summary>
/// <param name="statusCode">The HTTP status.</param>
/// <param name="reason">The machine-readable reason of the Status object, for example "AlreadyExists"; empty where there was none.</param>
/// <param name="message">The server's message.</param>
public sealed class KubernetesApiException(HttpStatusCode statusCode, string reason, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public HttpStatusCode StatusCode { get; } = statusCode;

    /// <summary>The machine-readable reason, for example "AlreadyExists"; may be empty.</summary>
    public string Reason { get; } = reason;

    /// <summary>Somebody else wrote first, or the object is there already.</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict;

    /// <summary>There is no such object.</summary>
    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    /// <summary>The request itself is wrong: sending it again gives the same answer.</summary>
    public bool IsInvalid => StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest;

    /// <summary>The resource version is too old to go on from.</summary>
    public bool IsExpired => StatusCode == HttpStatusCode.Gone;
}
