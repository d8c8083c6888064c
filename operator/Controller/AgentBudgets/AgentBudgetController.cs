using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.AgentBudgets;

/// <summary>Observe, decide, act for a shared budget: its ledger takes over what is declared, then at most one status patch.</summary>
public sealed class AgentBudgetController(
    ObjectCache<BudgetLedger> ledgers,
    LedgerRegistry registry,
    AccountDeclarations declarations,
    KubernetesApi api,
    EventRecorder events,
    OperatorOptions options,
    TimeProvider time
) : IEntityController<AgentBudget>
{
    private static readonly ResourceType Budgets = ResourceType.Of<AgentBudget>();

    /// <inheritdoc/>
    public async Task<ReconciliationResult<AgentBudget>> ReconcileAsync(AgentBudget entity, CancellationToken cancellationToken)
    {
        var key = new NamespacedName(entity.Metadata.NamespaceProperty, entity.Metadata.Name);
        var account = AccountKey.Shared(key.Namespace, key.Name);
        var decision = AgentBudgetDecider.Decide(
            new AgentBudgetObservation(entity, Ledger(account), declarations.Bound(account), time.GetUtcNow())
            {
                Evaluations = Ledger(AccountKey.SharedEvals(key.Namespace, key.Name)),
            }
        );
        if (decision.Refresh)
            await registry.RefreshAsync(account, cancellationToken);
        var patch = MergePatch.Diff(entity.Status is null ? [] : Tree(entity.Status), Tree(decision.Status));
        if (patch.Count > 0)
        {
            await api.MergePatchAsync(
                Budgets,
                key.Namespace,
                key.Name,
                "status",
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = entity.Metadata.ResourceVersion },
                    ["status"] = patch,
                },
                cancellationToken
            );
        }
        var subject = new EventSubject(Budgets.ApiVersion, Budgets.Kind, key, entity.Metadata.Uid);
        foreach (var note in decision.Events)
            await events.PublishAsync(subject, note.Warning, note.Reason, note.Message, cancellationToken);
        return ReconciliationResult<AgentBudget>.Success(decision.RequeueAfter);
    }

    /// <inheritdoc/>
    public Task<ReconciliationResult<AgentBudget>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken) =>
        // Its ledger stays until its windows are over, so that making the budget anew resets no cap.
        Task.FromResult(ReconciliationResult<AgentBudget>.Success());

    private BudgetLedgerStatus? Ledger(AccountKey account) =>
        ledgers.Get(new NamespacedName(options.Namespace, account.LedgerName))?.View.Status;

    private static JsonObject Tree(AgentBudgetStatus status) => (JsonObject)JsonNode.Parse(KubernetesJson.Serialize(status))!;
}
