using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Runtime;

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
    /// <param name="metadataOnly">Asks the server for nothing but metadata.</param>
    IOperatorBuilder AddCache<TView>(
        ResourceType resource,
        Func<JsonElement, TView> project,
        string? labelSelector = null,
        Action<ObjectCache<TView>>? configure = null,
        NamespacedName? only = null,
        bool metadataOnly = false
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
