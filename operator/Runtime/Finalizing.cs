using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <inheritdoc/>
internal sealed class Finalizing<TEntity>(
    IEnumerable<NamedFinalizer<TEntity>> finalizers,
    ObjectCache<TEntity> cache,
    KubernetesApi api,
    ILogger<Finalizing<TEntity>> logger
) : IFinalizing<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly IReadOnlyList<NamedFinalizer<TEntity>> finalizers = [.. finalizers];

    public IEntityController<TEntity> Around(IEntityController<TEntity> controller) => new Controller(this, controller);

    private async Task<ReconciliationResult<TEntity>> AttachAsync(
        TEntity entity,
        IEntityController<TEntity> inner,
        CancellationToken cancellationToken
    )
    {
        var present = entity.Metadata.Finalizers ?? [];
        var missing = finalizers.Select(own => own.Identifier).Except(present).ToList();
        if (missing.Count == 0)
            return await inner.ReconcileAsync(entity, cancellationToken);
        await WriteAsync(entity, entity.Metadata.ResourceVersion, present.Concat(missing), cancellationToken);
        // The watch brings the change back, which wakes the object again. Then it has all of its finalizers.
        return ReconciliationResult<TEntity>.Success();
    }

    private async Task<ReconciliationResult<TEntity>> FinalizeAsync(TEntity entity, CancellationToken cancellationToken)
    {
        var version = entity.Metadata.ResourceVersion;
        var left = (entity.Metadata.Finalizers ?? []).ToList();
        foreach (var own in finalizers.Where(own => left.Contains(own.Identifier)).ToList())
        {
            var result = await own.Finalizer.FinalizeAsync(entity, cancellationToken);
            if (!result.IsSuccess || result.RequeueAfter is not null)
                return result;
            var answer = await WriteAsync(entity, version, left.Where(name => name != own.Identifier), cancellationToken);
            RuntimeLog.Finalized(logger, cache.Resource.Kind, Key(entity), own.Identifier);
            if (answer is null)
                break;
            version = (string)answer["metadata"]!["resourceVersion"]!;
            left = [.. (answer["metadata"]!["finalizers"] as JsonArray ?? []).Select(name => (string)name!)];
        }
        return ReconciliationResult<TEntity>.Success();
    }

    // The whole list is written, so the version is sent too: it protects the finalizers of others. After a conflict the object comes here
    // again in its newer state.
    private async Task<JsonObject?> WriteAsync(
        TEntity entity,
        string version,
        IEnumerable<string> names,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await api.MergePatchAsync(
                cache.Resource,
                entity.Metadata.NamespaceProperty,
                entity.Metadata.Name,
                null,
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["resourceVersion"] = version,
                        ["finalizers"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]),
                    },
                },
                cancellationToken
            );
        }
        catch (KubernetesApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    private static NamespacedName Key(TEntity entity) => new(entity.Metadata.NamespaceProperty ?? string.Empty, entity.Metadata.Name);

    private sealed class Controller(Finalizing<TEntity> around, IEntityController<TEntity> inner) : IEntityController<TEntity>
    {
        public Task<ReconciliationResult<TEntity>> ReconcileAsync(TEntity entity, CancellationToken cancellationToken) =>
            entity.Metadata.DeletionTimestamp is null
                ? around.AttachAsync(entity, inner, cancellationToken)
                : around.FinalizeAsync(entity, cancellationToken);

        public Task<ReconciliationResult<TEntity>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken) =>
            inner.DeletedAsync(key, cancellationToken);
    }
}
