namespace AgentReadiness.Runtime;

/// <summary>
/// Puts the finalizers of a kind around its controller. An interface, so that controllers of other types need not be Kubernetes objects.
/// </summary>
internal interface IFinalizing<TEntity>
    where TEntity : class
{
    /// <summary>A controller that sees only objects that carry every finalizer and are not to be deleted.</summary>
    IEntityController<TEntity> Around(IEntityController<TEntity> controller);
}
