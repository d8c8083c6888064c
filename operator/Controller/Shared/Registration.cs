using AgentReadiness.Api;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Shared;

/// <summary>Registers the caches that several kinds read.</summary>
internal static class Registration
{
    private static readonly RequestPacing Pacing = new() { RequestsPerSecond = 200, Burst = 200 };

    /// <summary>Adds ConfigMaps and the operator's pods.</summary>
    /// <param name="builder">The operator.</param>
    /// <param name="options">Which ConfigMap holds the last good prices: of this one alone the text is kept.</param>
    /// <param name="client">Speaks to the API server.</param>
    public static IOperatorBuilder AddSharedCaches(this IOperatorBuilder builder, OperatorOptions options, Kubernetes client)
    {
        builder
            .Services.AddKeyedSingleton(ConfigMapStore.Api, new KubernetesApi(client, Names.Operator, pacing: Pacing))
            .AddSingleton<ConfigMapStore>();
        return builder
            .AddCache(ConfigMapView.Resource, ConfigMapVersion.Of, metadataOnly: true)
            .AddCache(
                ConfigMapView.Resource,
                item => ConfigMapView.Of(item, options.LastPrices),
                CacheIndexes.Managed,
                cache => cache.AddIndex(CacheIndexes.ByAgent, entry => CacheIndexes.AgentKey(entry.View.Meta))
            )
            .AddCache(
                PodView.Resource,
                PodView.Of,
                CacheIndexes.Managed,
                cache =>
                    cache
                        .AddIndex(CacheIndexes.ByAgent, entry => CacheIndexes.AgentKey(entry.View.Meta))
                        .AddIndex(
                            CacheIndexes.ByRun,
                            entry => entry.View.Meta.Label(Names.EvalRunLabel) is { } run ? [$"{entry.Key.Namespace}/{run}"] : []
                        )
            );
    }
}
