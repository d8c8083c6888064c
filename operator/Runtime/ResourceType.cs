using System.Reflection;
using k8s.Models;

namespace AgentReadiness.Runtime;

/// <summary>Where a kind of object lives on the API server.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The API version.</param>
/// <param name="Plural">The resource's plural name.</param>
/// <param name="Kind">The kind.</param>
public sealed record ResourceType(string Group, string Version, string Plural, string Kind)
{
    /// <summary>"v1" or "group/version".</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The resource of a type that carries <see cref="KubernetesEntityAttribute"/>.</summary>
    public static ResourceType Of<T>() => Of(typeof(T));

    /// <summary>The resource of a type that carries <see cref="KubernetesEntityAttribute"/>.</summary>
    /// <exception cref="ArgumentException">The type carries none.</exception>
    public static ResourceType Of(Type type)
    {
        var entity =
            type.GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{type} has no KubernetesEntity attribute", nameof(type));
        return new ResourceType(entity.Group ?? string.Empty, entity.ApiVersion, entity.PluralName, entity.Kind);
    }

    /// <summary>The URL path of a collection, or of one object in it.</summary>
    /// <param name="ns">The namespace; null for all namespaces or a cluster-scoped kind.</param>
    /// <param name="name">The object's name; null for the collection.</param>
    /// <param name="subresource">For example "status".</param>
    public string Path(string? ns, string? name = null, string? subresource = null)
    {
        var path = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        if (!string.IsNullOrEmpty(ns))
            path += "/namespaces/" + Uri.EscapeDataString(ns);
        path += "/" + Plural;
        if (name is not null)
            path += "/" + Uri.EscapeDataString(name);
        return subresource is null ? path : $"{path}/{subresource}";
    }
}
