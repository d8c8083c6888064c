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
    ObjectCache<ConfigMapView> configMaps,
    SuiteObserver suites,
    GrantCertificates certificates,
    TimeProvider time
)
{
    /// <summary>Observes one run.</summary>
    public EvalRunObservation Observe(EvalRun run)
    {
        var key = new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name);
        var job = jobs.Get(key)?.View;
        return new EvalRunObservation(run, suites.Observe(key.Namespace, run.Spec.Suite), time.GetUtcNow())
        {
            AgentUid = agents.Get(new NamespacedName(run.Spec.Agent.Namespace!, run.Spec.Agent.Name))?.Uid,
            TrustBundle = certificates.Bundle,
            JudgeTrustDigest = configMaps.Get(new NamespacedName(key.Namespace, RunnerJob.JudgeConfigName(run)))?.View.CaDigest,
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
