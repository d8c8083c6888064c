using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

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
        services.TryAddSingleton<ControllerOptions>();
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
            NamespacedName? only,
            bool metadataOnly
        )
            where TView : class
        {
            var cache = new ObjectCache<TView>(resource, labelSelector, project) { Only = only, MetadataOnly = metadataOnly };
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
                    provider.GetRequiredService<KubernetesApi>().OwnWrites,
                    time,
                    provider.GetRequiredService<ILogger<ControllerWorker<TEntity>>>()
                )
                {
                    MaxConcurrentReconciles = provider.GetRequiredService<ControllerOptions>().For(name),
                };
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
