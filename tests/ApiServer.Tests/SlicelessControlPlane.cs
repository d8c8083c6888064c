namespace AgentReadiness.ApiServer.Tests;

/// <summary>A control plane that serves no EndpointSlices, as some providers' do and as all did once.</summary>
public sealed class SlicelessControlPlane : ControlPlane
{
    /// <inheritdoc />
    protected override IEnumerable<string> ApiServerArguments => ["--runtime-config", "discovery.k8s.io/v1beta1=false"];
}
