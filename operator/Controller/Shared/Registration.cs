using AgentReadiness.Api;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>Registers the caches that several kinds read.</summary>
internal static class Registration
{
    /// <summary>Adds ConfigMaps and the operator's pods.</summary>
    /// <param name="builder">The operator.</param>
    /// <param name="options">Which ConfigMaps hold prices: of these alone the text is kept.</param>
    public static IOperatorBuilder AddSharedCaches(this IOperatorBuilder builder, OperatorOptions options) =>
        builder
            .AddCache(
                ConfigMapView.Resource,
                item => ConfigMapView.Of(item, options.Prices, options.LastPrices),
                configure: cache => cache.AddIndex(CacheIndexes.ByAgent, entry => CacheIndexes.AgentKey(entry.View.Meta))
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
