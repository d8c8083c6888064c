namespace AgentReadiness.Runtime;

/// <summary>How a reconciliation ended. After an exception it is tried again, with growing pauses.</summary>
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

    /// <summary>
    /// The object has changed since the decision. It is reconciled again with growing pauses, as after a conflict, and no error is counted.
    /// </summary>
    public bool IsStale { get; private init; }

    /// <summary>Why it did not succeed.</summary>
    public string? ErrorMessage { get; }

    /// <summary>The exception that caused it, or null.</summary>
    public Exception? Error { get; }

    /// <summary>When to look again though nothing changed; null: only on a change.</summary>
    public TimeSpan? RequeueAfter { get; }

    /// <summary>All is as declared, or waits for a change.</summary>
    public static ReconciliationResult<TEntity> Success(TimeSpan? requeueAfter = null) => new(true, null, null, requeueAfter);

    /// <summary>As <see cref="Success(TimeSpan?)"/>, with the arguments of KubeOps; the entity is not looked at.</summary>
    public static ReconciliationResult<TEntity> Success(TEntity entity, TimeSpan? requeueAfter = null) => Success(requeueAfter);

    /// <summary>See <see cref="IsStale"/>.</summary>
    /// <param name="message">What is not as it was seen.</param>
    public static ReconciliationResult<TEntity> Stale(string message) => new(false, message, null, null) { IsStale = true };

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
