using AgentReadiness.Controller.Hosting;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What the operator finds on a server with EndpointSlices; the rollouts beside this test run on it.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class DiscoveryTests(ModernControlPlane plane)
{
    [Fact]
    public async Task Slices_are_found_and_native_sidecars_are_not()
    {
        var features = await ServerDiscovery.ReadAsync(plane.Api, "default", CancellationToken.None);

        features.Endpoints.ToString().ShouldContain("endpointslices");
        features.Disruptions.ApiVersion.ShouldBe("policy/v1beta1");
        features.NativeSidecars.ShouldBeFalse("Kubernetes 1.20 drops the field");
    }
}

/// <summary>What it finds where there are none; the faults beside this test happen there.</summary>
[Collection(ControlPlanes.Faults)]
public sealed class SlicelessDiscoveryTests(SlicelessControlPlane plane)
{
    [Fact]
    public async Task Endpoints_take_the_place_of_slices() =>
        (await ServerDiscovery.ReadAsync(plane.Api, "default", CancellationToken.None)).Endpoints.Plural.ShouldBe("endpoints");
}
