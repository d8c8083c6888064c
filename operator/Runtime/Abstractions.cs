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

/// <summary>How a reconciliation ended. An exception means: try again, later and later.</summary>
/// <typeparam name="TEntity">The entity.</typeparam>
public sealed record ReconciliationResult<TEntity>
{
    private ReconciliationResult(bool isSuccess, string? errorMessage, TimeSpan? requeueAfter)
    {
        IsSuccess = isSuccess;
        ErrorMessage = errorMessage;
        RequeueAfter = requeueAfter;
    }

    /// <summary>False: try again with growing pauses, or after <see cref="RequeueAfter"/> where it is set.</summary>
    public bool IsSuccess { get; }

    /// <summary>Why not.</summary>
    public string? ErrorMessage { get; }

    /// <summary>When to look again though nothing changed; null: only on a change.</summary>
    public TimeSpan? RequeueAfter { get; }

    /// <summary>All is as declared, or waits for a change.</summary>
    public static ReconciliationResult<TEntity> Success(TimeSpan? requeueAfter = null) => new(true, null, requeueAfter);

    /// <summary>Try again.</summary>
    public static ReconciliationResult<TEntity> Failure(string errorMessage, TimeSpan? requeueAfter = null) => new(false, errorMessage, requeueAfter);
}
