using System.Text.Json;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Shared;

/// <summary>The view of the operator's own kinds: the whole object in its C# type.</summary>
public static class TypedView
{
    /// <summary>Reads an object, without its managed fields: they are half of its size, and nobody reads them here.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    public static T Of<T>(JsonElement item)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var view = KubernetesJson.Deserialize<T>(item.GetRawText());
        view.Metadata.ManagedFields = null;
        return view;
    }
}
