using System.Collections.Concurrent;
using AgentReadiness.Runtime;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>
/// An operator of quite another kind, on what the runtime offers to everybody: a ConfigMap with the label example=mirror gets a
/// copy beside it, and takes the copy along when it goes.
/// </summary>
internal static class ExampleOperator
{
    public const string Finalizer = "example.com/mirror";
    public static readonly ResourceType ConfigMaps = ResourceType.Of<V1ConfigMap>();

    public static IHost Build(Kubernetes client, string ns, Action<IOperatorBuilder>? more = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(new KubernetesApi(client, "example"));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(
            new LeaderElectionOptions
            {
                Namespace = ns,
                Name = "example",
                Identity = "me",
            }
        );
        builder.Services.AddSingleton<Diary>();
        var made = builder
            .Services.AddKubernetesOperator()
            .AddCache(ConfigMaps, item => KubernetesJson.Deserialize<V1ConfigMap>(item.GetRawText()), $"example=mirror,test={ns}")
            .AddCache(ConfigMaps, item => new Copy(item.GetProperty("data").GetProperty("value").GetString()!), $"example=copy,test={ns}");
        if (more is null)
            Mirror(made);
        else
            more(made);
        return builder.Build();
    }

    public static JsonObject Object(string ns, string name, string role, string value) =>
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = ns,
                ["labels"] = new JsonObject { ["example"] = role, ["test"] = ns },
            },
            ["data"] = new JsonObject { ["value"] = value },
        };

    /// <summary>Waits until a cache is as it should be.</summary>
    public static async Task<T> UntilAsync<T>(this ObjectCache<T> cache, NamespacedName key, Func<CacheEntry<T>?, bool> isSo)
        where T : class
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(CacheEntry<T>? before, CacheEntry<T>? after)
        {
            var entry = cache.Get(key);
            if (isSo(entry))
                done.TrySetResult(entry?.View!);
        }
        cache.Changed += Look;
        Look(null, null);
        try
        {
            return await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            cache.Changed -= Look;
        }
    }

    public static IOperatorBuilder Mirror(IOperatorBuilder made) =>
        made.AddController<MirrorController, V1ConfigMap>(wiring =>
                wiring.Watches<Copy>(copy => [new NamespacedName(copy.Key.Namespace, copy.Key.Name[..^"-copy".Length])])
            )
            .AddFinalizer<MirrorFinalizer, V1ConfigMap>(Finalizer);
}

/// <summary>A copy, as the cache holds it.</summary>
internal sealed record Copy(string Value);

/// <summary>What the example did, and what may hold it up.</summary>
internal sealed class Diary
{
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Completes when an object of the value "slow" is in hand, which then waits for <see cref="GoOn"/>.</summary>
    public TaskCompletionSource InHand { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a controller was told that an object is gone.</summary>
    public TaskCompletionSource<NamespacedName> Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

internal sealed class MirrorController(KubernetesApi api, ObjectCache<Copy> copies, EventPublisher events, Diary diary)
    : IEntityController<V1ConfigMap>
{
    public async Task<ReconciliationResult<V1ConfigMap>> ReconcileAsync(V1ConfigMap entity, CancellationToken cancellationToken)
    {
        var value = entity.Data["value"];
        diary.Lines.Enqueue($"{value} with {string.Join(' ', entity.Metadata.Finalizers ?? [])}");
        var key = new NamespacedName(entity.Metadata.NamespaceProperty, entity.Metadata.Name + "-copy");
        if (copies.Get(key)?.View.Value == value)
            return ReconciliationResult<V1ConfigMap>.Success(entity);
        if (value == "slow")
        {
            diary.InHand.TrySetResult();
            await diary.GoOn.Task;
        }
        await api.ApplyAsync(
            ExampleOperator.ConfigMaps,
            key.Namespace,
            key.Name,
            ExampleOperator.Object(key.Namespace, key.Name, "copy", value),
            cancellationToken
        );
        await events(entity, "Mirrored", $"The copy holds {value}", cancellationToken: cancellationToken);
        return ReconciliationResult<V1ConfigMap>.Success(entity);
    }

    public Task<ReconciliationResult<V1ConfigMap>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        diary.Gone.TrySetResult(key);
        return Task.FromResult(ReconciliationResult<V1ConfigMap>.Success());
    }
}

internal sealed class MirrorFinalizer(KubernetesApi api) : IEntityFinalizer<V1ConfigMap>
{
    public async Task<ReconciliationResult<V1ConfigMap>> FinalizeAsync(V1ConfigMap entity, CancellationToken cancellationToken)
    {
        await api.DeleteAsync(
            ExampleOperator.ConfigMaps,
            entity.Metadata.NamespaceProperty,
            entity.Metadata.Name + "-copy",
            null,
            cancellationToken
        );
        return ReconciliationResult<V1ConfigMap>.Success(entity);
    }
}
