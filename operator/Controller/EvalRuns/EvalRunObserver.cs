using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Reads everything that a decision about a run may depend on from the caches, at one moment.</summary>
internal sealed class EvalRunObserver(
    ObjectCache<AgentDeployment> agents,
    ObjectCache<JobView> jobs,
    ObjectCache<PodView> pods,
    ConfigMapStore configMaps,
    SuiteObserver suites,
    GrantCertificates certificates,
    TimeProvider time
)
{
    /// <summary>Reads the cases of the run's suite, as far as they have changed; before <see cref="Observe"/>.</summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public Task ReadAsync(EvalRun run, CancellationToken cancellationToken) =>
        run.IsOver
            ? Task.CompletedTask
            : configMaps.ReadAsync(suites.Cases(run.Metadata.NamespaceProperty, run.Spec.Suite), cancellationToken);

    /// <summary>Observes one run.</summary>
    public EvalRunObservation Observe(EvalRun run)
    {
        var key = new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name);
        var job = jobs.Get(key)?.View;
        return new EvalRunObservation(run, suites.Observe(key.Namespace, run.Spec.Suite), time.GetUtcNow())
        {
            AgentUid = agents.Get(new NamespacedName(run.Spec.Agent.Namespace!, run.Spec.Agent.Name))?.Uid,
            TrustBundle = certificates.Bundle,
            JudgeTrustDigest = configMaps.Get(new NamespacedName(key.Namespace, RunnerJob.JudgeConfigName(run)))?.CaDigest,
            Job = job,
            Runners =
            [
                .. pods.ByIndex(CacheIndexes.ByRun, key.ToString())
                    .Select(entry => entry.View)
                    .Where(pod => job is not null && pod.Meta.ControllerUid == job.Meta.Uid),
            ],
        };
    }
}
