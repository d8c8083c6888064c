using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;

namespace AgentReadiness.Controller.ReadinessExceptions;

/// <summary>
/// Whether an exception is in force. The one place that decides it: gate, status and the exception's own state ask here. Pure.
/// </summary>
public static class ExceptionRule
{
    /// <summary>The state of an exception.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="namespaces">Namespaces that may hold exceptions.</param>
    /// <param name="now">The moment.</param>
    public static ExceptionState State(ReadinessException exception, IReadOnlyCollection<string> namespaces, DateTimeOffset now) =>
        !namespaces.Contains(exception.Metadata.NamespaceProperty) ? ExceptionState.NotAllowed
        // What cannot be read opens nothing.
        : exception.Faults.Count > 0 ? ExceptionState.NotAllowed
        // Without a reason and a name nobody answers for it; the schema refuses such a one, an older server's object may lack them.
        : exception.Spec.Reason.Length == 0 || exception.Spec.RequestedBy.Length == 0 ? ExceptionState.NotAllowed
        : exception.Metadata.DeletionTimestamp is not null || now.UtcDateTime >= exception.Spec.ExpiresAt.ToUniversalTime()
            ? ExceptionState.Expired
        : ExceptionState.Active;

    /// <summary>The exception in force that opens a gate for a revision, or null; of several the one that lasts longest.</summary>
    public static ReadinessException? Find(
        IEnumerable<ReadinessException> exceptions,
        string agentNamespace,
        string agent,
        Revision revision,
        ExceptionGate gate,
        IReadOnlyCollection<string> namespaces,
        DateTimeOffset now
    ) =>
        exceptions
            .Where(exception =>
                exception.Spec.Agent.Name == agent
                && (exception.Spec.Agent.Namespace ?? exception.Metadata.NamespaceProperty) == agentNamespace
                && exception.Spec.Revision == revision.Hash
                && exception.Spec.Gates.Contains(gate)
                && State(exception, namespaces, now) == ExceptionState.Active
            )
            .OrderByDescending(exception => exception.Spec.ExpiresAt)
            .ThenBy(exception => exception.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
}
