using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Registers AgentDeployments.</summary>
internal static class Registration
{
    /// <summary>Services with a selector that are not the operator's, by namespace.</summary>
    public const string Foreign = "foreign";

    /// <summary>Endpoints, or slices, by the "namespace/service" that they are of.</summary>
    public const string ByService = "service";

    /// <summary>AgentDeployments and Deployments by the "namespace/secret" that an upstream's key comes from.</summary>
    public const string ByKey = "key";

    // AgentDeployments by "namespace/name" of the Secrets and ServiceAccounts that they name.
    private const string ByLent = "lent";

    // AgentDeployments by "namespace/configmap" that their template refers to.
    private const string ByConfigMap = "configmap";

    // AgentDeployments by "namespace/suite" that their evals name.
    private const string BySuite = "suite";

    // AgentDeployments by "namespace/claim" that their template names.
    private const string ByClaim = "claim";

    /// <summary>Adds their cache and controller, and the caches of the objects that they consist of.</summary>
    public static IOperatorBuilder AddAgentDeployments(this IOperatorBuilder builder, OperatorEnvironment environment)
    {
        builder
            .Services.AddSingleton<IKeysInUse, KeysInUse>()
            .AddSingleton<AgentInputsObserver>()
            .AddSingleton<AgentChildrenObserver>()
            .AddSingleton<AgentFundsObserver>()
            .AddSingleton<AgentObserver>()
            .AddSingleton<AppliedWrites>()
            .AddSingleton<ChildCaches>()
            .AddSingleton<AgentWriter>();
        return builder
            .AddTypedCache<AgentDeployment, AgentDeploymentSpec, AgentDeploymentStatus>(cache =>
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
                            ClaimReferences.Find(entry.View.Spec.Template).Select(claim => $"{entry.Key.Namespace}/{claim.Name}").Distinct()
                    )
                    .AddIndex(ByKey, entry => KeyUses.Find(entry.View.Spec).Select(use => $"{entry.Key.Namespace}/{use.Secret}").Distinct())
                    .AddIndex(ByLent, entry => Lent(entry.View).Select(name => $"{entry.Key.Namespace}/{name}").Distinct())
                    .AddIndex(CacheIndexes.ByNamespace, entry => [entry.Key.Namespace])
                    .AddIndex(
                        BySuite,
                        entry =>
                            entry
                                .View.Spec.Evals.Select(eval => $"{eval.Suite.Namespace ?? entry.Key.Namespace}/{eval.Suite.Name}")
                                .Distinct()
                    )
            )
            // Not limited to our label: an object of a name that we need, and that is not ours, must be seen.
            .AddCache(
                DeploymentView.Resource,
                DeploymentView.Of,
                configure: cache =>
                    cache
                        .AddIndex(CacheIndexes.ByAgent, entry => CacheIndexes.AgentKey(entry.View.Meta))
                        .AddIndex(
                            ByKey,
                            entry => entry.View.Keys.Select(key => $"{entry.Key.Namespace}/{key[(key.IndexOf('=') + 1)..]}").Distinct()
                        )
            )
            .AddCache(
                ServiceView.Resource,
                ServiceView.Of,
                configure: cache =>
                    cache
                        .AddIndex(CacheIndexes.ByAgent, entry => CacheIndexes.AgentKey(entry.View.Meta))
                        .AddIndex(Foreign, entry => entry.View.IsForeign ? [entry.Key.Namespace] : [])
            )
            .AddCache(environment.Server.Disruptions, DisruptionView.Of)
            .AddCache(
                environment.Server.Endpoints,
                EndpointsView.Reader(environment.Server.Endpoints),
                CacheIndexes.Managed,
                cache => cache.AddIndex(ByService, entry => [entry.View.ServiceKey])
            )
            .AddController<AgentDeploymentController, AgentDeployment>(Wire);
    }

    private static IEnumerable<string> Lent(AgentDeployment agent) =>
        KeyUses
            .Find(agent.Spec)
            .Select(use => use.Secret)
            .Concat(SecretReferences.Find(agent.Spec.Template, string.Empty).Select(reference => reference.Name))
            .Concat(LendingRules.AccountsOf(agent.Spec.Template).Select(account => account.Name));

    private static void Wire(ControllerWiring wiring)
    {
        var agents = wiring.Services.GetRequiredService<ObjectCache<AgentDeployment>>();
        var suites = wiring.Services.GetRequiredService<ObjectCache<EvalSuite>>();
        var options = wiring.Services.GetRequiredService<OperatorOptions>();
        IEnumerable<NamespacedName> Child(Meta meta) =>
            meta.Label(Names.AgentLabel) is { } agent ? [new NamespacedName(meta.Key.Namespace, agent)] : [];
        IEnumerable<NamespacedName> Users(NamespacedName suite) => agents.ByIndex(BySuite, suite.ToString()).Select(agent => agent.Key);
        IEnumerable<NamespacedName> Borrowers(NamespacedName lent) =>
            agents
                .ByIndex(ByLent, lent.ToString())
                .Select(agent => agent.Key)
                .Concat(suites.List().Where(suite => suite.Key.Namespace == lent.Namespace).SelectMany(suite => Users(suite.Key)));
        if (options.Authors.MarkedSecretsOnly)
            wiring.Watches<SecretView>(entry => Borrowers(entry.Key));
        wiring
            .Wakes(wake =>
                wiring.Services.GetRequiredService<GrantCertificates>().Changed += () =>
                {
                    foreach (var agent in agents.List())
                        wake(agent.Key);
                }
            )
            .Wakes(wake =>
                wiring.Services.GetRequiredService<PriceBook>().Changed += () =>
                {
                    foreach (var agent in agents.List())
                        wake(agent.Key);
                }
            )
            .Watches<DeploymentView>(entry => Child(entry.View.Meta))
            .Watches<PodView>(entry => Child(entry.View.Meta))
            .Watches<EndpointsView>(entry => Child(entry.View.Meta))
            // A foreign Service of an agent's name, with no label of ours, matters as much as our own.
            .Watches<ServiceView>(entry =>
                Child(entry.View.Meta)
                    .Append(entry.Key)
                    .Concat(
                        entry.View.IsForeign ? agents.ByIndex(CacheIndexes.ByNamespace, entry.Key.Namespace).Select(agent => agent.Key) : []
                    )
            )
            .Watches<ServiceAccountView>(entry => Borrowers(entry.Key))
            .Watches<ClaimView>(entry => agents.ByIndex(ByClaim, entry.Key.ToString()).Select(agent => agent.Key))
            .Watches<DisruptionView>(entry => Child(entry.View.Meta).Append(entry.Key))
            .Watches<ReadinessException>(entry =>
                [new NamespacedName(entry.View.Spec.Agent.Namespace ?? entry.Key.Namespace, entry.View.Spec.Agent.Name)]
            )
            .Watches<ConfigMapView>(entry => Child(entry.View.Meta))
            .Watches<ConfigMapVersion>(entry =>
                agents
                    .ByIndex(ByConfigMap, entry.Key.ToString())
                    .Select(agent => agent.Key)
                    .Concat(suites.ByIndex(CacheIndexes.ByCases, entry.Key.ToString()).SelectMany(suite => Users(suite.Key)))
            )
            .Watches<EvalSuite>(entry => Users(entry.Key))
            .Watches<EvalRun>(entry => [new NamespacedName(entry.View.Spec.Agent.Namespace!, entry.View.Spec.Agent.Name)])
            .Watches<BudgetLedger>(entry =>
                entry.View.Spec.Account is LedgerAccount.Serving or LedgerAccount.AgentEvals
                    ? [new NamespacedName(entry.View.Spec.Namespace, entry.View.Spec.Agent)]
                    : []
            )
            // A shared budget's declaration binds the agents below it. Its spend matters to them only when it begins or stops refusing
            // calls, and then its own status changes.
            .Watches<AgentBudget>(entry =>
                (
                    entry.Key.Namespace == options.Namespace ? agents.List() : agents.ByIndex(CacheIndexes.ByNamespace, entry.Key.Namespace)
                ).Select(agent => agent.Key)
            );
    }
}
