namespace AgentReadiness.Runtime;

/// <summary>Brings one kind of object to the state that it declares. The names are KubeOps's.</summary>
/// <typeparam name="TEntity">What the cache of the kind holds: the resource itself or a projection of it.</typeparam>
public interface IEntityController<TEntity>
    where TEntity : class
{
    /// <summary>Called when the object, or anything that was mapped to it, changed; never twice at once for one object.</summary>
    Task<ReconciliationResult<TEntity>> ReconcileAsync(TEntity entity, CancellationToken cancellationToken);

    /// <summary>Called when the object is gone. Also after a restart, for objects that are mentioned by others but do not exist.</summary>
    Task<ReconciliationResult<TEntity>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken);
}
