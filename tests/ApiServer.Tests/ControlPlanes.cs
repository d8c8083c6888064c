namespace AgentReadiness.ApiServer.Tests;

/// <summary>
/// The control planes of the assembly: the tests of one run one after the other, as some of them restart its API server, and beside those
/// of the others.
/// </summary>
public static class ControlPlanes
{
    /// <summary>For what goes wrong in the middle of a rollout; without EndpointSlices.</summary>
    public const string Faults = "control plane for faults";

    /// <summary>For tenants that fill it with what they should not.</summary>
    public const string Hostile = "control plane for hostile tenants";

    /// <summary>For whole rollouts; our kinds are served by a current Kubernetes.</summary>
    public const string Rollouts = "control plane for rollouts";

    /// <summary>For our kinds themselves, on the server of custom resources of a current Kubernetes.</summary>
    public const string Definitions = "control plane for definitions";

    /// <summary>For parts of the operator and of its runtime.</summary>
    public const string Parts = "control plane for parts";
}

[CollectionDefinition(ControlPlanes.Faults)]
public sealed class FaultsControlPlane : ICollectionFixture<SlicelessControlPlane>;

[CollectionDefinition(ControlPlanes.Hostile)]
public sealed class HostileControlPlane : ICollectionFixture<ControlPlane>;

[CollectionDefinition(ControlPlanes.Rollouts)]
public sealed class RolloutsControlPlane : ICollectionFixture<ModernControlPlane>;

[CollectionDefinition(ControlPlanes.Parts)]
public sealed class PartsControlPlane : ICollectionFixture<ControlPlane>;

[CollectionDefinition(ControlPlanes.Definitions)]
public sealed class DefinitionsControlPlane : ICollectionFixture<ModernControlPlane>;
