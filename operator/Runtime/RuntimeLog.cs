using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>Every log line of the runtime.</summary>
internal static partial class RuntimeLog
{
    private static readonly Func<ILogger, string, NamespacedName, string, IDisposable?> Reconciliation = LoggerMessage.DefineScope<
        string,
        NamespacedName,
        string
    >("{Controller} {Object} {ReconcileId}");

    /// <summary>Until it is disposed, every log line of the caller and of what it calls carries the reconciliation's ID.</summary>
    public static IDisposable? BeginReconciliation(ILogger logger, string controller, NamespacedName key, string id) =>
        Reconciliation(logger, controller, key, id);

    [LoggerMessage(1, LogLevel.Information, "Watch of {Resource} ended: {Cause} {Detail}")]
    public static partial void WatchEnded(ILogger logger, string resource, WatchEndCause cause, string detail);

    [LoggerMessage(2, LogLevel.Warning, "List of {Resource} failed: {Error}")]
    public static partial void ListFailed(ILogger logger, string resource, string error);

    [LoggerMessage(3, LogLevel.Debug, "{Controller} {Key} met a newer object: {Message}")]
    public static partial void Conflict(ILogger logger, string controller, NamespacedName key, string message);

    [LoggerMessage(4, LogLevel.Error, "{Controller} {Key} failed: {Message}")]
    public static partial void ReconcileFailed(ILogger logger, Exception? exception, string controller, NamespacedName key, string message);

    [LoggerMessage(5, LogLevel.Information, "Leading as {Identity}")]
    public static partial void Leading(ILogger logger, string identity);

    [LoggerMessage(6, LogLevel.Critical, "Leadership lost by {Identity}")]
    public static partial void LeadershipLost(ILogger logger, string identity);

    [LoggerMessage(7, LogLevel.Information, "Lease released by {Identity}")]
    public static partial void Released(ILogger logger, string identity);

    [LoggerMessage(8, LogLevel.Warning, "Lease not renewed: {Error}")]
    public static partial void LeaseFailed(ILogger logger, string error);

    [LoggerMessage(9, LogLevel.Warning, "Event {Reason} on {Kind} {Key} dropped: too many")]
    public static partial void EventDropped(ILogger logger, string kind, NamespacedName key, string reason);

    [LoggerMessage(10, LogLevel.Warning, "Event {Reason} on {Kind} {Key} not written: {Error}")]
    public static partial void EventFailed(ILogger logger, string kind, NamespacedName key, string reason, string error);

    [LoggerMessage(11, LogLevel.Critical, "A task of the leader ended: {Task}")]
    public static partial void TaskEnded(ILogger logger, Exception? exception, string task);

    [LoggerMessage(12, LogLevel.Debug, "{Controller} {Key} waits until the cache shows its own last write")]
    public static partial void OwnWriteAwaited(ILogger logger, string controller, NamespacedName key);

    [LoggerMessage(13, LogLevel.Warning, "{Controller} {Key} no longer waits for its own last write, which the cache never showed")]
    public static partial void OwnWriteGivenUp(ILogger logger, string controller, NamespacedName key);

    [LoggerMessage(14, LogLevel.Information, "{Controller} stops: waiting up to {Grace} for reconciliations in flight")]
    public static partial void Draining(ILogger logger, string controller, TimeSpan grace);

    [LoggerMessage(16, LogLevel.Warning, "{Kind} {Key} cannot be read, and the others go on: {Error}")]
    public static partial void Undecodable(ILogger logger, string kind, string key, string error);

    [LoggerMessage(15, LogLevel.Information, "{Kind} {Key} finalized: {Finalizer}")]
    public static partial void Finalized(ILogger logger, string kind, NamespacedName key, string finalizer);
}
