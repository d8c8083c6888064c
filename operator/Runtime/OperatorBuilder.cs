using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>Work that only the leader does.</summary>
public interface ILeaderTask
{
    /// <summary>Runs until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Runs until stopped, for work that ends in order; where it is not implemented, a stop cancels the work.</summary>
    /// <param name="stopping">Begin nothing new, finish what is begun, and return: the Lease is kept until then.</param>
    /// <param name="lost">The Lease is lost: end at once. <paramref name="stopping"/> is cancelled then too.</param>
    Task RunAsync(CancellationToken stopping, CancellationToken lost) => RunAsync(stopping);
}

/// <summary>Registers an operator's parts. The names are KubeOps's where KubeOps has them.</summary>
public interface IOperatorBuilder
{
    /// <summary>The host's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>Adds a cache of a resource as projections, and its reflector.</summary>
    /// <typeparam name="TView">The projection.</typeparam>
    /// <param name="resource">The resource.</param>
    /// <param name="project">Makes the projection; the element is valid only during the call.</param>
    /// <param name="labelSelector">Limits the cache, or null.</param>
    /// <param name="configure">Adds indexes.</param>
    /// <param name="only">Limits the cache to one object, so that a right on its name is enough.</param>
    IOperatorBuilder AddCache<TView>(
        ResourceType resource,
        Func<JsonElement, TView> project,
        string? labelSelector = null,
        Action<ObjectCache<TView>>? configure = null,
        NamespacedName? only = null
    )
        where TView : class;

    /// <summary>Adds a controller of the objects of a cache.</summary>
    /// <typeparam name="TController">The controller.</typeparam>
    /// <typeparam name="TEntity">What the cache holds.</typeparam>
    /// <param name="wire">Says what else wakes it.</param>
    IOperatorBuilder AddController<TController, TEntity>(Action<ControllerWiring>? wire = null)
        where TController : class, IEntityController<TEntity>
        where TEntity : class;

    /// <summary>
    /// Adds a finalizer of the objects of a cache; they need a controller too. The runtime adds its identifier to an object before
    /// the first reconciliation, runs it when the object is to be deleted (the controller is not called any more then) until it
    /// succeeds, and takes the identifier away. Several run in the order of their registration.
    /// </summary>
    /// <typeparam name="TFinalizer">The finalizer.</typeparam>
    /// <typeparam name="TEntity">What the cache holds, with its whole metadata.</typeparam>
    /// <param name="identifier">What stands in metadata.finalizers: "domain/name", the name 63 characters at most.</param>
    /// <exception cref="ArgumentException">The API server would refuse the identifier.</exception>
    IOperatorBuilder AddFinalizer<TFinalizer, TEntity>(string identifier)
        where TFinalizer : class, IEntityFinalizer<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Adds work that only the leader does.</summary>
    /// <typeparam name="TTask">The work, a service of the host.</typeparam>
    IOperatorBuilder AddLeaderTask<TTask>()
        where TTask : class, ILeaderTask;
}

/// <summary>Which changes, besides those of its own objects, wake a controller.</summary>
public sealed class ControllerWiring(IServiceProvider services, WorkQueue<NamespacedName> queue)
{
    /// <summary>The host's services, for mappings that look things up.</summary>
    public IServiceProvider Services { get; } = services;

    /// <summary>A change of a cached object, before or after it, wakes the keys that it maps to.</summary>
    /// <typeparam name="TView">What the other cache holds.</typeparam>
    /// <param name="map">From an entry to the keys of this controller's objects.</param>
    public ControllerWiring Watches<TView>(Func<CacheEntry<TView>, IEnumerable<NamespacedName>> map)
        where TView : class
    {
        Services.GetRequiredService<ObjectCache<TView>>().Changed += (before, after) =>
        {
            foreach (var key in (before is null ? [] : map(before)).Concat(after is null ? [] : map(after)).Distinct())
                queue.Add(key);
        };
        return this;
    }

    /// <summary>Something that is no cached object wakes keys.</summary>
    /// <param name="subscribe">Gets what to call with a key.</param>
    public ControllerWiring Wakes(Action<Action<NamespacedName>> subscribe)
    {
        subscribe(queue.Add);
        return this;
    }
}

/// <summary>Entry points of the runtime.</summary>
public static class OperatorServices
{
    /// <summary>
    /// Adds an operator to the host. It needs a <see cref="KubernetesApi"/>, <see cref="LeaderElectionOptions"/> and a
    /// <see cref="TimeProvider"/> among the services, and brings <see cref="OperatorReadiness"/>, <see cref="EventRecorder"/>
    /// and <see cref="EventPublisher"/>.
    /// </summary>
    public static IOperatorBuilder AddKubernetesOperator(this IServiceCollection services)
    {
        services.AddHostedService<LeadershipService>();
        services.AddSingleton<OperatorReadiness>();
        services.TryAddSingleton<LeaderElector>();
        services.TryAddSingleton(provider =>
        {
            var api = provider.GetRequiredService<KubernetesApi>();
            return new EventRecorder(
                api,
                api.FieldManager,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<EventRecorder>>()
            );
        });
        services.TryAddSingleton<EventPublisher>(provider => provider.GetRequiredService<EventRecorder>().PublishAsync);
        return new Builder(services);
    }

    private sealed class Builder(IServiceCollection services) : IOperatorBuilder
    {
        public IServiceCollection Services => services;

        public IOperatorBuilder AddCache<TView>(
            ResourceType resource,
            Func<JsonElement, TView> project,
            string? labelSelector,
            Action<ObjectCache<TView>>? configure,
            NamespacedName? only
        )
            where TView : class
        {
            var cache = new ObjectCache<TView>(resource, labelSelector, project) { Only = only };
            configure?.Invoke(cache);
            services.AddSingleton(cache);
            services.AddSingleton<IObjectCache>(cache);
            services.AddSingleton<IHostedService>(provider => new Reflector(
                cache,
                provider.GetRequiredService<KubernetesApi>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<Reflector>>()
            ));
            return this;
        }

        public IOperatorBuilder AddController<TController, TEntity>(Action<ControllerWiring>? wire)
            where TController : class, IEntityController<TEntity>
            where TEntity : class
        {
            services.AddSingleton<TController>();
            services.AddSingleton<ILeaderTask>(provider =>
            {
                var name = typeof(TController).Name.Replace("Controller", string.Empty, StringComparison.Ordinal).ToLowerInvariant();
                var time = provider.GetRequiredService<TimeProvider>();
                var queue = new WorkQueue<NamespacedName>(name, time);
                var cache = provider.GetRequiredService<ObjectCache<TEntity>>();
                wire?.Invoke(new ControllerWiring(provider, queue));
                IEntityController<TEntity> controller = provider.GetRequiredService<TController>();
                controller = provider.GetService<IFinalizing<TEntity>>()?.Around(controller) ?? controller;
                return new ControllerWorker<TEntity>(
                    name,
                    cache,
                    queue,
                    controller,
                    concurrency: 4,
                    provider.GetRequiredService<KubernetesApi>().OwnWrites,
                    time,
                    provider.GetRequiredService<ILogger<ControllerWorker<TEntity>>>()
                );
            });
            return this;
        }

        public IOperatorBuilder AddFinalizer<TFinalizer, TEntity>(string identifier)
            where TFinalizer : class, IEntityFinalizer<TEntity>
            where TEntity : class, IKubernetesObject<V1ObjectMeta>
        {
            NamedFinalizer<TEntity>.Validate(identifier);
            services.TryAddSingleton<TFinalizer>();
            services.AddSingleton(provider => new NamedFinalizer<TEntity>(identifier, provider.GetRequiredService<TFinalizer>()));
            services.TryAddSingleton<IFinalizing<TEntity>, Finalizing<TEntity>>();
            return this;
        }

        public IOperatorBuilder AddLeaderTask<TTask>()
            where TTask : class, ILeaderTask
        {
            services.AddSingleton<ILeaderTask>(provider => provider.GetRequiredService<TTask>());
            return this;
        }
    }
}
