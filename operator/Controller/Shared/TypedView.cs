using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Shared;

/// <summary>The view of the operator's own kinds: the whole object in its C# type.</summary>
public static class TypedView
{
    /// <summary>
    /// Reads an object, without its managed fields and without annotations of others, such as kubectl's copy of the whole manifest: they
    /// are most of its size, and nobody reads them here.
    /// </summary>
    /// <typeparam name="T">The kind.</typeparam>
    public static T Of<T>(JsonElement item)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var view = KubernetesJson.Deserialize<T>(item.GetRawText());
        Lighten(view.Metadata);
        return view;
    }

    /// <summary>Leaves out of metadata what nobody reads.</summary>
    internal static void Lighten(V1ObjectMeta metadata)
    {
        metadata.ManagedFields = null;
        metadata.Annotations = metadata
            .Annotations?.Where(a => a.Key.StartsWith(Names.Group + "/", StringComparison.Ordinal))
            .ToDictionary();
    }

    /// <summary>
    /// Adds the cache of a kind that people write. An object that cannot be read whole is in it all the same, with its faults: see
    /// <see cref="CustomResource{TSpec, TStatus}.Faults"/>.
    /// </summary>
    /// <typeparam name="T">The kind.</typeparam>
    /// <typeparam name="TSpec">Its spec.</typeparam>
    /// <typeparam name="TStatus">Its status.</typeparam>
    /// <param name="builder">The operator.</param>
    /// <param name="configure">Adds indexes.</param>
    internal static IOperatorBuilder AddTypedCache<T, TSpec, TStatus>(this IOperatorBuilder builder, Action<ObjectCache<T>> configure)
        where T : CustomResource<TSpec, TStatus>
        where TSpec : class, new()
        where TStatus : class, new() =>
        builder.AddCache(
            ResourceType.Of<T>(),
            Of<T>,
            configure: cache =>
            {
                cache.Reduce = ReducedView.Of<T, TSpec, TStatus>;
                configure(cache);
            }
        );
}
