using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Everything that a decision about one agent may depend on, read at one moment. Immutable.</summary>
/// <param name="Agent">The agent.</param>
/// <param name="ConfigMaps">ConfigMaps that the template refers to, by name; those that exist.</param>
/// <param name="Copies">Our own copies of ConfigMaps for this agent's revisions, and guardrail configurations.</param>
/// <param name="Deployments">Deployments that carry this agent's label, and those of the names that it needs.</param>
/// <param name="Services">Services of the names that it needs, by name.</param>
/// <param name="ForeignServices">Services of the namespace that have a selector and are not the operator's.</param>
/// <param name="EndpointPods">Names of the pods that the agent's Service really sends traffic to.</param>
/// <param name="Runs">EvalRuns of this agent, in whatever namespace.</param>
/// <param name="Suites">The suite of each requirement, in order.</param>
/// <param name="Pods">Pods that carry this agent's label.</param>
/// <param name="Claims">Access modes of the PersistentVolumeClaims that the template names; those that exist.</param>
/// <param name="Disruption">The PodDisruptionBudget of the agent's name, or null.</param>
/// <param name="Exceptions">Exceptions that name the agent.</param>
/// <param name="Ledger">The account of serving pods, or null.</param>
/// <param name="Environment">Settings.</param>
/// <param name="Now">The moment.</param>
public sealed record AgentObservation(
    AgentDeployment Agent,
    IReadOnlyDictionary<string, ConfigMapView> ConfigMaps,
    IReadOnlyList<ConfigMapView> Copies,
    IReadOnlyList<DeploymentView> Deployments,
    IReadOnlyDictionary<string, ServiceView> Services,
    IReadOnlyList<ServiceView> ForeignServices,
    IReadOnlyList<string> EndpointPods,
    IReadOnlyList<EvalRun> Runs,
    IReadOnlyList<SuiteView> Suites,
    IReadOnlyList<PodView> Pods,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Claims,
    DisruptionView? Disruption,
    IReadOnlyList<ReadinessException> Exceptions,
    BudgetLedgerStatus? Ledger,
    OperatorEnvironment Environment,
    DateTimeOffset Now
)
{
    /// <summary>The prices that guardrails get beside the shipped ones, or null.</summary>
    public GuardrailPrices? Prices { get; init; }

    /// <summary>The shared budgets that bind the agent, the widest first.</summary>
    public IReadOnlyList<SharedBudgetView> Shared { get; init; } = [];

    /// <summary>The agent's namespace.</summary>
    public string Namespace => Agent.Metadata.NamespaceProperty;

    /// <summary>The agent's name.</summary>
    public string Name => Agent.Metadata.Name;

    /// <summary>The agent's UID.</summary>
    public string Uid => Agent.Metadata.Uid;

    /// <summary>Our Deployments: those that this agent controls.</summary>
    public IEnumerable<DeploymentView> Owned => Deployments.Where(deployment => deployment.Meta.ControllerUid == Uid);
}
