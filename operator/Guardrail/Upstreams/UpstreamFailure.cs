using System.Security.Authentication;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// Why an upstream gave no answer, for the agent's developer and the log: nothing of a request or an answer is in it.
/// </summary>
/// <param name="Fault">The kind.</param>
/// <param name="Reason">The reason in a few words.</param>
internal readonly record struct UpstreamFailure(UpstreamFault Fault, string Reason)
{
    /// <summary>Whether an exception is one that an upstream, the network or a deadline causes.</summary>
    public static bool IsOne(Exception exception) =>
        exception is HttpRequestException or OperationCanceledException or IOException or InvalidDataException;

    /// <summary>The failure that an exception tells of.</summary>
    /// <param name="exception">One of those that <see cref="IsOne"/> names.</param>
    /// <param name="sent">A byte of the request may have left.</param>
    public static UpstreamFailure Of(Exception exception, bool sent) =>
        new(
            exception is OperationCanceledException ? UpstreamFault.Timeout
                : sent ? UpstreamFault.BrokenOff
                : UpstreamFault.Unreachable,
            Words(exception)
        );

    private static string Words(Exception exception) =>
        exception switch
        {
            OperationCanceledException => "timeout",
            HttpRequestException { InnerException: AuthenticationException tls } =>
                $"{HttpRequestError.SecureConnectionError}, {tls.Message.TrimEnd('.')}",
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError, StatusCode: { } status } =>
                $"{HttpRequestError.ProxyTunnelError}, the proxy answered {(int)status}",
            HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => http.HttpRequestError.ToString(),
            _ => exception.GetType().Name,
        };
}
