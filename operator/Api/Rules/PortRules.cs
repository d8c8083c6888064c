using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on an agent's ports.</summary>
internal static class PortRules
{
    public static void Check(AgentDeploymentSpec spec, FindingList findings)
    {
        if (spec.Ports.Count is 0 or > 8)
            findings.Add(ManifestChecks.Ports, "spec.ports", "must list one to eight ports");
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            var port = spec.Ports[i];
            if (port.Port is < 1 or > 65535)
                findings.Add(ManifestChecks.Ports, $"spec.ports[{i}].port", "must be from 1 to 65535");
            if (port.TargetPort is < 1 or > 65535)
                findings.Add(ManifestChecks.Ports, $"spec.ports[{i}].targetPort", "must be from 1 to 65535");
            else if (
                port.TargetPort
                is GuardrailPorts.Egress
                    or GuardrailPorts.Admin
                    or (>= GuardrailPorts.FirstInbound and < GuardrailPorts.FirstInbound + 8)
            )
                findings.Add(
                    ManifestChecks.GuardrailPort,
                    $"spec.ports[{i}].targetPort",
                    $"{port.TargetPort} is a port of the guardrail: let the agent listen on another one"
                );
            if (spec.Ports.Take(i).Any(other => other.Name == port.Name))
                findings.Add(ManifestChecks.Ports, $"spec.ports[{i}].name", $"\"{port.Name}\" is used twice");
            if (spec.Ports.Take(i).Any(other => other.Port == port.Port))
                findings.Add(ManifestChecks.Ports, $"spec.ports[{i}].port", $"{port.Port} is used twice");
        }
    }
}
