using k8s;
using k8s.Models;

namespace AgentReadiness.Runtime;

/// <summary>Cleans up before an object goes. The names are KubeOps's.</summary>
/// <typeparam name="TEntity">What the cache of the kind holds: the resource, with its whole metadata.</typeparam>
public interface IEntityFinalizer<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// Called when the object is to be deleted, again and again until it succeeds; it may also run again after it succeeded, when
    /// the process ended just then. The entity is the cache's: do not change it.
    /// </summary>
    /// <returns>A success lets the object go, one with a delay asks to be called again; anything else is tried again.</returns>
    Task<ReconciliationResult<TEntity>> FinalizeAsync(TEntity entity, CancellationToken cancellationToken);
}
