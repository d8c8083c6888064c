using k8s;
using k8s.Models;

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

/// <summary>What an event is, in the words of its type field.</summary>
public enum EventType
{
    /// <summary>For information.</summary>
    Normal,

    /// <summary>Somebody may have to act.</summary>
    Warning,
}

/// <summary>Writes an event about an object; a service of the host, with KubeOps's shape. See <see cref="EventRecorder"/>.</summary>
/// <param name="entity">The object. Where it names no kind, as items of lists do not, its type must carry
/// <see cref="KubernetesEntityAttribute"/>.</param>
/// <param name="reason">One stable UpperCamelCase word.</param>
/// <param name="message">For people; cut to 1,024 characters.</param>
/// <param name="type">Normal where absent.</param>
/// <param name="cancellationToken">Ends the try.</param>
public delegate Task EventPublisher(
    IKubernetesObject<V1ObjectMeta> entity,
    string reason,
    string message,
    EventType type = EventType.Normal,
    CancellationToken cancellationToken = default
);

/// <summary>How a reconciliation ended. An exception means: try again, later and later.</summary>
/// <typeparam name="TEntity">The entity.</typeparam>
public sealed record ReconciliationResult<TEntity>
{
    private ReconciliationResult(bool isSuccess, string? errorMessage, Exception? error, TimeSpan? requeueAfter)
    {
        IsSuccess = isSuccess;
        ErrorMessage = errorMessage;
        Error = error;
        RequeueAfter = requeueAfter;
    }

    /// <summary>False: try again with growing pauses, or after <see cref="RequeueAfter"/> where it is set.</summary>
    public bool IsSuccess { get; }

    /// <summary>Why not.</summary>
    public string? ErrorMessage { get; }

    /// <summary>What lies behind it, or null.</summary>
    public Exception? Error { get; }

    /// <summary>When to look again though nothing changed; null: only on a change.</summary>
    public TimeSpan? RequeueAfter { get; }

    /// <summary>All is as declared, or waits for a change.</summary>
    public static ReconciliationResult<TEntity> Success(TimeSpan? requeueAfter = null) => new(true, null, null, requeueAfter);

    /// <summary>As <see cref="Success(TimeSpan?)"/>, with the arguments of KubeOps; the entity is not looked at.</summary>
    public static ReconciliationResult<TEntity> Success(TEntity entity, TimeSpan? requeueAfter = null) => Success(requeueAfter);

    /// <summary>Try again.</summary>
    public static ReconciliationResult<TEntity> Failure(string errorMessage, TimeSpan? requeueAfter = null) =>
        new(false, errorMessage, null, requeueAfter);

    /// <summary>Try again, with the arguments of KubeOps; the entity is not looked at.</summary>
    public static ReconciliationResult<TEntity> Failure(
        TEntity entity,
        string errorMessage,
        Exception? error = null,
        TimeSpan? requeueAfter = null
    ) => new(false, errorMessage, error, requeueAfter);
}
