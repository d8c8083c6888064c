using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What others made and what an agent's revision depends on.</summary>
public sealed record AgentInputs
{
    /// <summary>ConfigMaps that the template refers to, by name; those that exist.</summary>
    public IReadOnlyDictionary<string, ConfigMapView> ConfigMaps { get; init; } = new Dictionary<string, ConfigMapView>();

    /// <summary>Access modes of the PersistentVolumeClaims that the template names; those that exist.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Claims { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The suite of each requirement, in order.</summary>
    public IReadOnlyList<SuiteView> Suites { get; init; } = [];

    /// <summary>Exceptions that name the agent.</summary>
    public IReadOnlyList<ReadinessException> Exceptions { get; init; } = [];

    /// <summary>Services of the namespace that have a selector and are not the operator's.</summary>
    public IReadOnlyList<ServiceView> ForeignServices { get; init; } = [];

    /// <summary>What the owners of what the template and the upstreams name lend to them.</summary>
    public LentObjects Lent { get; init; } = new();

    /// <summary>The revision that a spec declares with these ConfigMaps.</summary>
    public Revision Revision(AgentDeploymentSpec spec) =>
        Api.Revisions.Revision.Compute(spec, ConfigMaps.ToDictionary(map => map.Key, map => map.Value.Digest));
}
