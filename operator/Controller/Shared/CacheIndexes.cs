using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Runtime;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Shared;

/// <summary>The caches of the operator, and the indexes by which one object finds the agents that it matters to.</summary>
internal static class CacheIndexes
{
    /// <summary>Children by "namespace/agent" of their labels.</summary>
    public const string ByAgent = "agent";

    /// <summary>AgentDeployments by "namespace/configmap" that their template refers to.</summary>
    public const string ByConfigMap = "configmap";

    /// <summary>AgentDeployments by "namespace/suite" that their evals name.</summary>
    public const string BySuite = "suite";

    /// <summary>EvalSuites by "namespace/configmap" of their cases.</summary>
    public const string ByCases = "cases";

    /// <summary>Pods by the EvalRun's name, as "namespace/run".</summary>
    public const string ByRun = "run";

    /// <summary>EvalRuns that are not over by <see cref="EvalQueue.StateOf"/>.</summary>
    public const string ByState = "state";

    /// <summary>AgentDeployments by "namespace/claim" that their template names.</summary>
    public const string ByClaim = "claim";

    /// <summary>AgentDeployments by namespace.</summary>
    public const string ByNamespace = "namespace";

    /// <summary>Services with a selector that are not the operator's, by namespace.</summary>
    public const string Foreign = "foreign";

    private const string Managed = $"{Names.ManagedByLabel}={Names.Operator}";

    public static IOperatorBuilder AddCaches(this IOperatorBuilder builder, Surroundings around, OperatorOptions options) =>
        builder
            .AddCache(
                ResourceType.Of<AgentDeployment>(),
                Typed<AgentDeployment>,
                configure: cache =>
                    cache
                        .AddIndex(
                            ByConfigMap,
                            entry =>
                                ConfigMapReferences
                                    .Find(entry.View.Spec.Template)
                                    .Select(reference => $"{entry.Key.Namespace}/{reference.Name}")
                        )
                        .AddIndex(
                            ByClaim,
                            entry =>
                                ClaimReferences
                                    .Find(entry.View.Spec.Template)
                                    .Select(claim => $"{entry.Key.Namespace}/{claim.Name}")
                                    .Distinct()
                        )
                        .AddIndex(ByNamespace, entry => [entry.Key.Namespace])
                        .AddIndex(
                            BySuite,
                            entry =>
                                entry
                                    .View.Spec.Evals.Select(eval => $"{eval.Suite.Namespace ?? entry.Key.Namespace}/{eval.Suite.Name}")
                                    .Distinct()
                        )
            )
            .AddCache(
                ResourceType.Of<EvalSuite>(),
                Typed<EvalSuite>,
                configure: cache =>
                    cache.AddIndex(ByCases, entry => CasesOf(entry.View.Spec).Select(name => $"{entry.Key.Namespace}/{name}"))
            )
            .AddCache(
                ResourceType.Of<EvalRun>(),
                Run,
                configure: cache =>
                    cache
                        .AddIndex(ByState, entry => EvalQueue.StateOf(entry.View) is { } state ? [state] : [])
                        .AddIndex(ByAgent, entry => [$"{entry.View.Spec.Agent.Namespace}/{entry.View.Spec.Agent.Name}"])
            )
            .AddCache(ResourceType.Of<BudgetLedger>(), Typed<BudgetLedger>)
            .AddCache(
                ResourceType.Of<AgentBudget>(),
                Typed<AgentBudget>,
                configure: cache => cache.AddIndex(ByNamespace, entry => [entry.Key.Namespace])
            )
            .AddCache(
                ConfigMapView.Resource,
                item => ConfigMapView.Of(item, options.Prices, options.LastPrices),
                configure: cache => cache.AddIndex(ByAgent, entry => AgentKey(entry.View.Meta))
            )
            // Not limited to our label: an object of a name that we need, and that is not ours, must be seen.
            .AddCache(
                DeploymentView.Resource,
                DeploymentView.Of,
                configure: cache => cache.AddIndex(ByAgent, entry => AgentKey(entry.View.Meta))
            )
            .AddCache(
                ServiceView.Resource,
                ServiceView.Of,
                configure: cache =>
                    cache
                        .AddIndex(ByAgent, entry => AgentKey(entry.View.Meta))
                        .AddIndex(Foreign, entry => IsForeign(entry.View) ? [entry.Key.Namespace] : [])
            )
            .AddCache(ClaimView.Resource, ClaimView.Of)
            .AddCache(around.Disruptions, DisruptionView.Of)
            .AddCache(
                ResourceType.Of<ReadinessException>(),
                Typed<ReadinessException>,
                configure: cache =>
                    cache.AddIndex(
                        ByAgent,
                        entry => [$"{entry.View.Spec.Agent.Namespace ?? entry.Key.Namespace}/{entry.View.Spec.Agent.Name}"]
                    )
            )
            .AddCache(EndpointsView.Resource, EndpointsView.Of, Managed)
            .AddCache(
                PodView.Resource,
                PodView.Of,
                Managed,
                cache =>
                    cache
                        .AddIndex(ByAgent, entry => AgentKey(entry.View.Meta))
                        .AddIndex(
                            ByRun,
                            entry => entry.View.Meta.Label(Names.EvalRunLabel) is { } run ? [$"{entry.Key.Namespace}/{run}"] : []
                        )
            )
            .AddCache(JobView.Resource, JobView.Of, Managed);

    // What only a comparison reads is read when it is made: 16 KiB for each of thousands of runs are not kept in memory.
    private static EvalRun Run(JsonElement item)
    {
        var run = Typed<EvalRun>(item);
        if (run.Status is { Results: not null } status)
            run.Status = status with { Results = null };
        return run;
    }

    private static IEnumerable<string> CasesOf(EvalSuiteSpec suite) =>
        suite switch
        {
            { Builtin.Cases: { } cases } => [cases.Name],
            { Job: { } job } => ConfigMapReferences.Find(job.Template).Select(reference => reference.Name),
            _ => [],
        };

    public static T Typed<T>(JsonElement item)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var view = KubernetesJson.Deserialize<T>(item.GetRawText());
        // Half of an object, and nobody asks for it here.
        view.Metadata.ManagedFields = null;
        return view;
    }

    /// <summary>A Service that others made and that may select pods.</summary>
    // By the owner, not by a label, which anybody may write.
    public static bool IsForeign(ServiceView service) =>
        service.Selector.Count > 0
        && service.Meta.Controller?.StartsWith(AgentDeployment.EntityKind + "/", StringComparison.Ordinal) != true;

    private static IEnumerable<string> AgentKey(Meta meta) =>
        meta.Label(Names.AgentLabel) is { } agent ? [$"{meta.Key.Namespace}/{agent}"] : [];
}
