using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>Caches with what a test says, as a watch would fill them, for the operator in namespace "ops".</summary>
internal static class Caches
{
    /// <summary>An operator in namespace "ops".</summary>
    public static OperatorOptions Options { get; } =
        new()
        {
            Namespace = "ops",
            PodName = "o",
            PodIp = "127.0.0.1",
            GuardrailImage = "g",
            EvalRunnerImage = "r",
            GrantsUrl = "https://o",
        };

    /// <summary>A cache with some objects.</summary>
    public static ObjectCache<T> Of<T>(params ReadOnlySpan<string> items)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new ObjectCache<T>(ResourceType.Of<T>(), null, TypedView.Of<T>)
            .AddIndex(CacheIndexes.ByNamespace, entry => [entry.Key.Namespace])
            .AddIndex(
                CacheIndexes.ByAgent,
                entry => entry.View is EvalRun run ? [$"{run.Spec.Agent.Namespace}/{run.Spec.Agent.Name}"] : []
            );
        foreach (var item in items)
            Put(cache, item);
        return cache;
    }

    /// <summary>Adds an object, or replaces it.</summary>
    public static void Put<T>(ObjectCache<T> cache, string item)
        where T : class
    {
        using var document = JsonDocument.Parse(item);
        cache.Upsert(document.RootElement);
    }

    /// <summary>An object as the API server writes it.</summary>
    public static JsonElement Json<T>(T view)
    {
        using var document = JsonDocument.Parse(KubernetesJson.Serialize(view));
        return document.RootElement.Clone();
    }
}
