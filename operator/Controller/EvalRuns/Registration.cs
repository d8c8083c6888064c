using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Registers EvalRuns.</summary>
internal static class Registration
{
    /// <summary>EvalRuns that are not over, by <see cref="EvalQueue.StateOf"/>.</summary>
    public const string ByState = "state";

    /// <summary>Adds their cache and controller, and that of the Jobs that make them.</summary>
    public static IOperatorBuilder AddEvalRuns(this IOperatorBuilder builder)
    {
        builder
            .Services.AddSingleton<VerdictWriter>()
            .AddSingleton<EvalRunObserver>()
            .AddSingleton<EvalPlaces>()
            .AddSingleton<EvalRunStarter>()
            .AddSingleton<RunnerResults>();
        return builder
            .AddCache(
                ResourceType.Of<EvalRun>(),
                View,
                configure: cache =>
                    cache
                        .AddIndex(ByState, entry => EvalQueue.StateOf(entry.View) is { } state ? [state] : [])
                        .AddIndex(CacheIndexes.ByAgent, entry => [$"{entry.View.Spec.Agent.Namespace}/{entry.View.Spec.Agent.Name}"])
            )
            .AddCache(JobView.Resource, JobView.Of, CacheIndexes.Managed)
            .AddController<EvalRunController, EvalRun>(Wire);
    }

    // The field that only comparisons need is left out and is read when a comparison is made. Otherwise the cache would hold 16 KiB for
    // each
    // of thousands of runs.
    private static EvalRun View(JsonElement item)
    {
        var run = TypedView.Of<EvalRun>(item);
        if (run.Status is { Results: not null } status)
            run.Status = status with { Results = null };
        return run;
    }

    private static void Wire(ControllerWiring wiring)
    {
        var runs = wiring.Services.GetRequiredService<ObjectCache<EvalRun>>();
        wiring
            .Wakes(wake =>
                wiring.Services.GetRequiredService<GrantCertificates>().Changed += () =>
                {
                    foreach (var run in runs.List().Where(run => !run.View.IsOver))
                        wake(run.Key);
                }
            )
            .Watches<JobView>(entry => [entry.Key])
            .Watches<PodView>(entry =>
                entry.View.Meta.Label(Names.EvalRunLabel) is { } run ? [new NamespacedName(entry.Key.Namespace, run)] : []
            )
            // A run that ends, or goes, leaves a place to those that wait.
            .Watches<EvalRun>(entry =>
                EvalQueue.StateOf(entry.View) != EvalQueue.Waiting ? runs.ByIndex(ByState, EvalQueue.Waiting).Select(run => run.Key) : []
            )
            .Watches<AgentDeployment>(entry => runs.ByIndex(CacheIndexes.ByAgent, entry.Key.ToString()).Select(run => run.Key));
    }
}
