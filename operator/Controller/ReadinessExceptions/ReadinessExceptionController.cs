using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.ReadinessExceptions;

/// <summary>
/// Says in an exception's status whether it is in force and whether it was used. What it opens, the agent's own decision asks for.
/// </summary>
public sealed class ReadinessExceptionController(
    ObjectCache<AgentDeployment> agents,
    KubernetesApi api,
    EventRecorder events,
    OperatorEnvironment environment,
    TimeProvider time
) : IEntityController<ReadinessException>
{
    private static readonly ResourceType Exceptions = ResourceType.Of<ReadinessException>();

    /// <inheritdoc/>
    public async Task<ReconciliationResult<ReadinessException>> ReconcileAsync(
        ReadinessException entity,
        CancellationToken cancellationToken
    )
    {
        if (entity.Metadata.DeletionTimestamp is not null)
            return ReconciliationResult<ReadinessException>.Success();
        var now = time.GetUtcNow();
        var key = new NamespacedName(entity.Metadata.NamespaceProperty, entity.Metadata.Name);
        var agent = agents.Get(new NamespacedName(entity.Spec.Agent.Namespace ?? key.Namespace, entity.Spec.Agent.Name))?.View;
        var status = Describe(entity, agent, environment.ExceptionNamespaces, now);
        if (status != (entity.Status ?? new ReadinessExceptionStatus()))
        {
            await api.MergePatchAsync(
                Exceptions,
                key.Namespace,
                key.Name,
                "status",
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = entity.Metadata.ResourceVersion },
                    ["status"] = JsonNode.Parse(KubernetesJson.Serialize(status)),
                },
                cancellationToken
            );
            if (status.State != entity.Status?.State)
            {
                await events.PublishAsync(
                    new EventSubject(Exceptions.ApiVersion, Exceptions.Kind, key, entity.Metadata.Uid),
                    status.State != ExceptionState.Active,
                    ReasonOf(status.State),
                    status.Message!,
                    cancellationToken
                );
            }
        }
        var wait = entity.Spec.ExpiresAt.ToUniversalTime() - now.UtcDateTime;
        // A timer takes no more than 49 days; one look a day does no harm.
        return ReconciliationResult<ReadinessException>.Success(
            status.State == ExceptionState.Active ? (wait < TimeSpan.FromDays(1) ? wait : TimeSpan.FromDays(1)) : null
        );
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<ReadinessException>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<ReadinessException>.Success());

    private static string ReasonOf(ExceptionState? state) =>
        state switch
        {
            ExceptionState.Active => Reasons.ExceptionActive,
            ExceptionState.Expired => Reasons.ExceptionExpired,
            _ => Reasons.ExceptionNotAllowed,
        };

    /// <summary>The status that follows from the exception, its agent and the moment. Pure.</summary>
    public static ReadinessExceptionStatus Describe(
        ReadinessException exception,
        AgentDeployment? agent,
        IReadOnlyCollection<string> namespaces,
        DateTimeOffset now
    )
    {
        var state = ExceptionRule.State(exception, namespaces, now);
        var name = $"{exception.Metadata.NamespaceProperty}/{exception.Metadata.Name}";
        var used =
            agent
                ?.Status?.History.FirstOrDefault(entry =>
                    entry.Basis == PromotionBasis.Exception && entry.Exception == name && entry.Revision == exception.Spec.Revision
                )
                ?.Since
            ?? exception.Status?.UsedAt;
        var message = state switch
        {
            ExceptionState.NotAllowed when !namespaces.Contains(exception.Metadata.NamespaceProperty) =>
                $"exceptions are honoured in namespace {string.Join(", ", namespaces)} only: move it there",
            ExceptionState.NotAllowed when exception.Faults is [var fault, ..] => $"it cannot be read: {fault}",
            ExceptionState.NotAllowed => "spec.reason and spec.requestedBy must say why and who",
            ExceptionState.Expired => used is null ? "it ended unused" : "it ended after its use; what it let through keeps serving",
            _ => $"gates {string.Join(", ", exception.Spec.Gates)} are open for revision "
                + $"{exception.Spec.Revision}{(agent is null ? "; the agent does not exist" : string.Empty)}",
        };
        return new ReadinessExceptionStatus
        {
            State = state,
            Message = message,
            UsedAt = used,
        };
    }
}
