using k8s;
using k8s.Models;

namespace AgentReadiness.Runtime;

/// <summary>A finalizer and what stands for it in metadata.finalizers.</summary>
internal sealed record NamedFinalizer<TEntity>(string Identifier, IEntityFinalizer<TEntity> Finalizer)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <exception cref="ArgumentException">The API server would refuse the identifier.</exception>
    public static void Validate(string identifier)
    {
        if (identifier.Split('/') is not [{ Length: > 0 and <= 253 }, { Length: > 0 and <= 63 }])
            throw new ArgumentException($"'{identifier}' is not of the form domain/name", nameof(identifier));
    }
}
