namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// The one place from which a request leaves: target, headers, key and HTTP version are decided here. The request's lifetime is the
/// caller's.
/// </summary>
internal static class UpstreamSender
{
    /// <summary>
    /// Sends a request. The answer's body is not read yet. The content stays the caller's: it may still be sent when the answer begins.
    /// </summary>
    /// <exception cref="HttpRequestException">The upstream did not answer.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or was called off.</exception>
    public static async Task<HttpResponseMessage> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var upstream = request.Upstream;
        var message = new HttpRequestMessage(MethodOf(request.Method), upstream.Target(request.Endpoint, request.Query))
        {
            Content = request.Content,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Version = upstream.IsTls ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
        };
        UpstreamHeaders.Copy(request.Headers, message, upstream, request.IsFallback);
        UpstreamHeaders.AddKey(message, upstream, request.Provider);
        return await upstream.Client.SendAsync(message, cancellationToken);
    }

    private static HttpMethod MethodOf(string method) => method == "POST" ? HttpMethod.Post : HttpMethod.Parse(method);
}
