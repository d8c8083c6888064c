using System.Security.Authentication;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Why a provider could not be asked, for the agent's developer and the log: nothing of a request or an answer is in it.</summary>
internal static class UpstreamErrors
{
    /// <summary>The reason in a few words.</summary>
    public static string Reason(Exception e) =>
        e switch
        {
            OperationCanceledException => "timeout",
            HttpRequestException { InnerException: AuthenticationException tls } =>
                $"{HttpRequestError.SecureConnectionError}, {tls.Message.TrimEnd('.')}",
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError, StatusCode: { } status } =>
                $"{HttpRequestError.ProxyTunnelError}, the proxy answered {(int)status}",
            HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => http.HttpRequestError.ToString(),
            _ => e.GetType().Name,
        };
}
