using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Reads everything that a decision may depend on from the caches, at one moment.</summary>
public sealed class AgentObserver(
    SuiteObserver suites,
    ObjectCache<EvalRun> runs,
    ObjectCache<BudgetLedger> ledgers,
    ObjectCache<ConfigMapView> configMaps,
    ObjectCache<DeploymentView> deployments,
    ObjectCache<ServiceView> services,
    ObjectCache<EndpointsView> endpoints,
    ObjectCache<PodView> pods,
    ObjectCache<ClaimView> claims,
    ObjectCache<DisruptionView> disruptions,
    ObjectCache<ReadinessException> exceptions,
    AccountDeclarations declarations,
    PriceBook prices,
    GrantCertificates certificates,
    OperatorEnvironment environment,
    OperatorOptions options,
    TimeProvider time
)
{
    /// <summary>Observes one agent.</summary>
    public AgentObservation Observe(AgentDeployment agent)
    {
        var ns = agent.Metadata.NamespaceProperty;
        var name = agent.Metadata.Name;
        var key = $"{ns}/{name}";
        var referenced = ConfigMapReferences
            .Find(agent.Spec.Template)
            .Select(reference => configMaps.Get(new NamespacedName(ns, reference.Name))?.View)
            .OfType<ConfigMapView>()
            .ToDictionary(view => view.Meta.Key.Name, StringComparer.Ordinal);
        var owned = deployments.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View).ToList();
        // A foreign Deployment of a name that we need has no label of ours; its revision is computed only later, so look both up.
        if (AgentDeploymentRules.Check(agent).Count == 0)
        {
            var revision = Revision.Compute(agent.Spec, referenced.ToDictionary(map => map.Key, map => map.Value.Digest));
            foreach (var needed in new[] { ChildNames.Serving(name, revision), ChildNames.Eval(name, revision) })
            {
                if (
                    owned.TrueForAll(view => view.Meta.Key.Name != needed) && deployments.Get(new NamespacedName(ns, needed)) is { } foreign
                )
                    owned.Add(foreign.View);
            }
        }
        return new AgentObservation(
            agent,
            new AgentInputs
            {
                ConfigMaps = referenced,
                Claims = ClaimReferences
                    .Find(agent.Spec.Template)
                    .Select(claim => claims.Get(new NamespacedName(ns, claim.Name))?.View)
                    .OfType<ClaimView>()
                    .DistinctBy(view => view.Meta.Key)
                    .ToDictionary(view => view.Meta.Key.Name, view => view.AccessModes, StringComparer.Ordinal),
                Suites = [.. agent.Spec.Evals.Select(eval => suites.Observe(eval.Suite.Namespace ?? ns, eval.Suite.Name))],
                Exceptions = [.. exceptions.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
                ForeignServices = [.. services.ByIndex(Registration.Foreign, ns).Select(entry => entry.View)],
            },
            new AgentChildren
            {
                Copies = [.. configMaps.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
                Deployments = owned,
                Services = new[] { ChildNames.Service(name), ChildNames.CandidateService(name) }
                    .Select(service => services.Get(new NamespacedName(ns, service))?.View)
                    .OfType<ServiceView>()
                    .ToDictionary(view => view.Meta.Key.Name, StringComparer.Ordinal),
                EndpointPods = endpoints.Get(new NamespacedName(ns, ChildNames.Service(name)))?.View.Pods ?? [],
                Pods = [.. pods.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
                Disruption = disruptions.Get(new NamespacedName(ns, name))?.View,
                Runs = [.. runs.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
            },
            new AgentFunds
            {
                Ledger = ledgers.Get(new NamespacedName(options.Namespace, AccountKey.Serving(ns, name).LedgerName))?.View.Status,
                Shared =
                [
                    .. declarations
                        .Shared(ns, agent)
                        .Select(shared => new SharedBudgetView(
                            shared,
                            ledgers.Get(new NamespacedName(options.Namespace, shared.Account.LedgerName))?.View.Status
                        )),
                ],
                Prices = prices.InForce,
            },
            environment with
            {
                GrantsCa = certificates.Bundle!,
            },
            time.GetUtcNow()
        );
    }
}
