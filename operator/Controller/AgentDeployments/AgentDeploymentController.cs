using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Observe, decide, act: children in order, then at most one status patch, then the events of what was written.</summary>
public sealed class AgentDeploymentController(
    AgentObserver observer,
    AgentWriter writer,
    KubernetesApi api,
    EventRecorder events,
    GrantCertificates certificates
) : IEntityController<AgentDeployment>
{
    private static readonly ResourceType Agents = ResourceType.Of<AgentDeployment>();
    private static readonly TimeSpan StalledRetryInterval = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public async Task<ReconciliationResult<AgentDeployment>> ReconcileAsync(AgentDeployment entity, CancellationToken cancellationToken)
    {
        // A guardrail without the CA could not ask for its first grant for minutes. The agent is woken when the certificates are there,
        // which is within a second of the operator's first start.
        if (certificates.Bundle is null)
            return ReconciliationResult<AgentDeployment>.Success();
        await observer.ReadAsync(entity, cancellationToken);
        var decision = AgentDecider.Decide(observer.Observe(entity));
        var reverted = new List<EventNote>();
        try
        {
            foreach (var write in decision.Writes)
            {
                var done = await writer.WriteAsync(entity, write, cancellationToken);
                if (done.Stale is { } stale)
                    return ReconciliationResult<AgentDeployment>.Stale(stale);
                if (done.Note is { } note)
                    reverted.Add(note);
            }
        }
        catch (KubernetesApiException exception) when (exception.IsInvalid || exception.StatusCode == System.Net.HttpStatusCode.Forbidden)
        {
            // The API server's message says what is wrong with the template. It is tried again from time to time.
            decision = Refused(entity, decision, exception);
        }
        await PatchStatusAsync(entity, decision.Status, cancellationToken);
        var subject = new EventSubject(
            Agents.ApiVersion,
            Agents.Kind,
            new NamespacedName(entity.Metadata.NamespaceProperty, entity.Metadata.Name),
            entity.Metadata.Uid
        );
        foreach (var note in decision.Events.Concat(reverted))
            await events.PublishAsync(subject, note.Warning, note.Reason, note.Message, cancellationToken);
        return ReconciliationResult<AgentDeployment>.Success(decision.RequeueAfter);
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<AgentDeployment>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        // Children go by their owner reference; runs are collected by their own controller; the ledger stays, so no cap is reset.
        writer.Forget(key);
        return Task.FromResult(ReconciliationResult<AgentDeployment>.Success());
    }

    private async Task PatchStatusAsync(AgentDeployment agent, AgentDeploymentStatus status, CancellationToken cancellationToken)
    {
        var before = agent.Status is null ? [] : Tree(agent.Status);
        var patch = MergePatch.Diff(before, Tree(status));
        if (patch.Count == 0)
            return;
        await api.MergePatchAsync(
            Agents,
            agent.Metadata.NamespaceProperty,
            agent.Metadata.Name,
            "status",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = agent.Metadata.ResourceVersion },
                ["status"] = patch,
            },
            cancellationToken
        );
    }

    private static AgentDecision Refused(AgentDeployment agent, AgentDecision decision, KubernetesApiException exception)
    {
        var before = agent.Status ?? new AgentDeploymentStatus();
        var draft = new StatusDraft(before, agent.Metadata.Generation, DateTimeOffset.UnixEpoch)
        {
            // The refused write did not happen, so the record of what serves stays as it was.
            Status = before with
            {
                Budget = decision.Status.Budget,
            },
        };
        draft.Stall("Invalid", Reasons.ChildRefused, $"spec.template: {exception.Message}");
        var stalled = draft.Finish();
        var moment = decision.Status.Conditions.Select(condition => condition.LastTransitionTime).DefaultIfEmpty().Max();
        var conditions = stalled
            .Status.Conditions.Select(condition =>
                condition.LastTransitionTime == DateTime.UnixEpoch ? condition with { LastTransitionTime = moment } : condition
            )
            .Concat(
                decision.Status.Conditions.Where(condition =>
                    condition.Type is ConditionTypes.Serving or ConditionTypes.WithinBudget or ConditionTypes.EvalsPassed
                )
            );
        // A quota or a policy may be changed without any object of ours changing.
        var requeueAfter = decision.RequeueAfter is { } planned && planned < StalledRetryInterval ? planned : StalledRetryInterval;
        return new AgentDecision([], stalled.Status with { Conditions = [.. conditions] }, stalled.Events, requeueAfter);
    }

    private static JsonObject Tree(AgentDeploymentStatus status) => (JsonObject)JsonNode.Parse(KubernetesJson.Serialize(status))!;
}
