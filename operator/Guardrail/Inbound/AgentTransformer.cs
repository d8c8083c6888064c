using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Formats;
using Yarp.ReverseProxy.Forwarder;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>The agent sees the host that the client named, and a header of its answer that no answer may hold is left out.</summary>
internal class AgentTransformer : HttpTransformer
{
    /// <summary>The one there is.</summary>
    public static readonly AgentTransformer Instance = new();

    /// <inheritdoc/>
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext,
        HttpRequestMessage proxyRequest,
        string destinationPrefix,
        CancellationToken cancellationToken
    )
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        // The agent gets the target as it was sent: decoded and written anew, it could be another one.
        var target = httpContext.RawTarget();
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        if (RequestTarget.Read(target) is not null && Uri.TryCreate(destinationPrefix + target, in options, out var uri))
            proxyRequest.RequestUri = uri;
    }

    /// <inheritdoc/>
    public override ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext,
        HttpResponseMessage? proxyResponse,
        CancellationToken cancellationToken
    )
    {
        List<string>? broken = null;
        foreach (var (name, values) in proxyResponse?.Headers.NonValidated ?? default)
        {
            foreach (var value in values)
            {
                if (HeaderText.Passable(value) != value)
                    (broken ??= []).Add(name);
            }
        }
        foreach (var name in broken ?? [])
            proxyResponse!.Headers.Remove(name);
        // What the guardrail says of a run is not for the agent to say.
        proxyResponse?.Headers.Remove(AgentHeaders.Outcome);
        proxyResponse?.Headers.Remove(AgentHeaders.Fallbacks);
        proxyResponse?.Headers.Remove(ChaosHeaders.Met);
        return base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
    }
}
