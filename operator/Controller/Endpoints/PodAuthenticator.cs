using System.Collections.Concurrent;
using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Which pod a caller is. The API server's token review names the pod that the token is bound to, never the request; so a pod can speak
/// for no other one.
/// </summary>
internal sealed class PodAuthenticator(
    TokenReviews reviews,
    ObjectCache<PodView> pods,
    ReviewGates gates,
    [FromKeyedServices(TokenReviews.Api)] KubernetesApi api,
    TimeProvider time
)
{
    private const int LongestToken = 16 * 1024;
    private const string Scheme = "Bearer ";

    private readonly ConcurrentDictionary<string, PodTokens> tokens = new(StringComparer.Ordinal);

    /// <summary>
    /// The pod that the request's bearer token is bound to; null where the token is missing, of another audience, expired, or not bound
    /// to a pod.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="audience">The audience that the token must be made for.</param>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    internal Task<BoundPod?> AuthenticateAsync(HttpContext context, string audience)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.Ordinal) && header.Length <= LongestToken
            ? tokens
                .GetOrAdd(
                    audience,
                    key => new PodTokens(
                        key,
                        (token, cancellationToken) => reviews.ReviewAsync(token, key, cancellationToken),
                        claims => pods.Get(claims.Pod!.Value)?.Uid == claims.PodUid,
                        gates,
                        time
                    )
                )
                .FindAsync(header[Scheme.Length..], context.Connection.RemoteIpAddress, context.RequestAborted)
            : Task.FromResult<BoundPod?>(null);
    }

    /// <summary>
    /// A pod of the operator's as the API server has it; null where it is gone, is another one of the same name by now, or was made by
    /// somebody else.
    /// </summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    internal async Task<PodView?> ViewAsync(BoundPod pod, CancellationToken cancellationToken)
    {
        var view = pods.Get(new NamespacedName(pod.Namespace, pod.Pod.Name))?.View;
        if (view?.Meta.Uid != pod.Pod.Uid)
        {
            // The cache may not show a new pod yet when its guardrail asks, so the API server is asked.
            if (await api.GetAsync(PodView.Resource, pod.Namespace, pod.Pod.Name, cancellationToken) is not { } found)
                return null;
            view = found.View(PodView.Of);
        }
        return view.Meta.Uid == pod.Pod.Uid && view.Meta.Label(Names.ManagedByLabel) == Names.Operator ? view : null;
    }
}
