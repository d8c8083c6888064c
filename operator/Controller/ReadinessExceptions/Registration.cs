using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.ReadinessExceptions;

/// <summary>Registers ReadinessExceptions.</summary>
internal static class Registration
{
    /// <summary>Adds their cache and controller.</summary>
    public static IOperatorBuilder AddReadinessExceptions(this IOperatorBuilder builder) =>
        builder
            .AddTypedCache<ReadinessException, ReadinessExceptionSpec, ReadinessExceptionStatus>(cache =>
                cache.AddIndex(
                    CacheIndexes.ByAgent,
                    entry => [$"{entry.View.Spec.Agent.Namespace ?? entry.Key.Namespace}/{entry.View.Spec.Agent.Name}"]
                )
            )
            .AddController<ReadinessExceptionController, ReadinessException>(wiring =>
                wiring.Watches<AgentDeployment>(entry =>
                    wiring
                        .Services.GetRequiredService<ObjectCache<ReadinessException>>()
                        .ByIndex(CacheIndexes.ByAgent, entry.Key.ToString())
                        .Select(exception => exception.Key)
                )
            );
}
