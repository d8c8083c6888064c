using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The rules on a pod template: the agent must not be able to go around the guardrail, nor reach its key, token or journal (promise 8 of
/// docs/promises.md).
/// </summary>
internal static class TemplateRules
{
    public static void Check(AgentDeploymentSpec spec, FindingList findings)
    {
        if (spec.Template["spec"] is not JsonObject pod || pod["containers"] is not JsonArray { Count: > 0 } containers)
        {
            findings.Add(ManifestChecks.Containers, "spec.template.spec.containers", "must list at least one container");
            return;
        }
        foreach (var flag in (string[])["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"])
        {
            if (pod[flag] is JsonValue value && value.TryGetValue<bool>(out var on) && on)
                findings.Add(
                    GuardrailChecks.HostNamespaces,
                    $"spec.template.spec.{flag}",
                    "must not be true: the agent could reach the guardrail's key"
                );
        }
        var secrets = (spec.Guardrails?.Upstreams ?? [])
            .Select(upstream => upstream.Credentials?.SecretRef.Name)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        var volumes = pod["volumes"] as JsonArray ?? [];
        for (var i = 0; i < volumes.Count; i++)
            CheckVolume(volumes[i] as JsonObject ?? [], $"spec.template.spec.volumes[{i}]", secrets, findings);
        if (UserOf(pod["securityContext"]) == PodUsers.Guardrail)
            findings.Add(
                GuardrailChecks.GuardrailUser,
                "spec.template.spec.securityContext.runAsUser",
                $"{PodUsers.Guardrail} is the guardrail's own user"
            );
        foreach (var (list, name) in new[] { (containers, "containers"), (pod["initContainers"] as JsonArray ?? [], "initContainers") })
        {
            for (var i = 0; i < list.Count; i++)
                CheckContainer(list[i] as JsonObject ?? [], $"spec.template.spec.{name}[{i}]", secrets, findings);
        }
    }

    private static void CheckVolume(JsonObject volume, string field, HashSet<string> secrets, FindingList findings)
    {
        if (Text(volume["name"])?.StartsWith("agent-readiness-", StringComparison.Ordinal) == true)
            findings.Add(GuardrailChecks.OperatorVolume, $"{field}.name", "names that begin with \"agent-readiness-\" are the operator's");
        if (Text((volume["secret"] as JsonObject)?["secretName"]) is { } secret && secrets.Contains(secret))
            findings.Add(
                GuardrailChecks.ProviderKey,
                $"{field}.secret.secretName",
                $"\"{secret}\" holds a provider key: only the guardrail may mount it"
            );
        foreach (
            var (source, index) in ((volume["projected"] as JsonObject)?["sources"] as JsonArray ?? []).Select(
                (source, index) => (source as JsonObject ?? [], index)
            )
        )
        {
            if (Text((source["secret"] as JsonObject)?["name"]) is { } inner && secrets.Contains(inner))
                findings.Add(
                    GuardrailChecks.ProviderKey,
                    $"{field}.projected.sources[{index}].secret.name",
                    $"\"{inner}\" holds a provider key: only the guardrail may mount it"
                );
            if (Text((source["serviceAccountToken"] as JsonObject)?["audience"]) == GrantProtocol.Audience)
                findings.Add(
                    GuardrailChecks.GrantToken,
                    $"{field}.projected.sources[{index}].serviceAccountToken.audience",
                    "this audience is the guardrail's: with it the agent could grant itself money"
                );
        }
    }

    private static void CheckContainer(JsonObject container, string field, HashSet<string> secrets, FindingList findings)
    {
        if (Text(container["name"]) == Names.GuardrailContainer)
            findings.Add(GuardrailChecks.GuardrailContainer, $"{field}.name", $"\"{Names.GuardrailContainer}\" is the operator's");
        if (UserOf(container["securityContext"]) == PodUsers.Guardrail)
            findings.Add(
                GuardrailChecks.GuardrailUser,
                $"{field}.securityContext.runAsUser",
                $"{PodUsers.Guardrail} is the guardrail's own user"
            );
        if (
            (container["securityContext"] as JsonObject)?["privileged"] is JsonValue privileged
            && privileged.TryGetValue<bool>(out var on)
            && on
        )
            findings.Add(
                GuardrailChecks.Privileged,
                $"{field}.securityContext.privileged",
                "must not be true: the agent could reach the guardrail's key"
            );
        var added = ((container["securityContext"] as JsonObject)?["capabilities"] as JsonObject)?["add"] as JsonArray ?? [];
        foreach (
            var capability in added
                .Select(Text)
                .Where(capability => capability is "NET_ADMIN" or "NET_RAW" or "SYS_PTRACE" or "SYS_ADMIN" or "ALL")
        )
            findings.Add(
                GuardrailChecks.Capabilities,
                $"{field}.securityContext.capabilities.add",
                $"{capability} would let the agent go around the guardrail"
            );
        var variables = container["env"] as JsonArray ?? [];
        for (var i = 0; i < variables.Count; i++)
        {
            var variable = variables[i] as JsonObject ?? [];
            if (Text(variable["name"]) is { } name && SdkVariables.All.Contains(name))
                findings.Add(
                    GuardrailChecks.ReservedVariable,
                    $"{field}.env[{i}].name",
                    $"{name} is set by the operator, so that the SDK finds the guardrail: remove it"
                );
            var secret = Text(((variable["valueFrom"] as JsonObject)?["secretKeyRef"] as JsonObject)?["name"]);
            if (secret is not null && secrets.Contains(secret))
                findings.Add(
                    GuardrailChecks.ProviderKey,
                    $"{field}.env[{i}].valueFrom.secretKeyRef.name",
                    $"\"{secret}\" holds a provider key: only the guardrail may mount it"
                );
        }
        foreach (
            var (mounted, index) in (container["volumeMounts"] as JsonArray ?? []).Select(
                (mounted, index) => (mounted as JsonObject ?? [], index)
            )
        )
        {
            // The volume itself is not in the template. The operator adds it together with the guardrail, so the mount would then work.
            if (Text(mounted["name"])?.StartsWith("agent-readiness-", StringComparison.Ordinal) == true)
                findings.Add(
                    GuardrailChecks.OperatorVolume,
                    $"{field}.volumeMounts[{index}].name",
                    "only the guardrail may mount the operator's volumes: its keys, its token and its journal"
                );
        }
        var sources = container["envFrom"] as JsonArray ?? [];
        for (var i = 0; i < sources.Count; i++)
        {
            if (Text(((sources[i] as JsonObject)?["secretRef"] as JsonObject)?["name"]) is { } secret && secrets.Contains(secret))
                findings.Add(
                    GuardrailChecks.ProviderKey,
                    $"{field}.envFrom[{i}].secretRef.name",
                    $"\"{secret}\" holds a provider key: only the guardrail may mount it"
                );
        }
    }

    private static long? UserOf(JsonNode? securityContext) =>
        (securityContext as JsonObject)?["runAsUser"] is JsonValue value && value.TryGetValue<long>(out var user) ? user : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
