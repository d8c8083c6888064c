using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The rules on an agent's pod template beyond those on any template: the agent must not be able to go around the guardrail, nor reach its
/// key, token or journal (promise 8 of docs/promises.md).
/// </summary>
internal static class TemplateRules
{
    // With each of these the author, and not the cluster, says which address a name leads to.
    private static readonly string[] NameFields = ["hostAliases", "hostname", "hostnameOverride", "setHostnameAsFQDN", "subdomain"];

    public static void Check(AgentDeploymentSpec spec, FindingList findings)
    {
        if (spec.Template["spec"] is not JsonObject pod || pod["containers"] is not JsonArray { Count: > 0 })
        {
            findings.Add(ManifestChecks.Containers, "spec.template.spec.containers", "must list at least one container");
            return;
        }
        PodTemplateRules.Check(spec.Template, pod, PodChecks.Agent, findings);
        if (!TemplateJson.IsOff(pod["shareProcessNamespace"]))
            findings.Add(
                GuardrailChecks.HostNamespaces,
                "spec.template.spec.shareProcessNamespace",
                "must not be true: the agent could reach the guardrail's key"
            );
        var keys = KeyUses.Find(spec).Select(key => key.Secret).ToHashSet(StringComparer.Ordinal);
        foreach (var (field, secret) in SecretReferences.Find(spec.Template, "spec.template"))
        {
            if (keys.Contains(secret))
                findings.Add(GuardrailChecks.ProviderKey, field, $"\"{secret}\" holds a provider key: only the guardrail may mount it");
        }
        if (keys.Count > 0)
            CheckNames(pod, findings);
        CheckUser(pod["securityContext"], "spec.template.spec.securityContext", findings);
        foreach (var (container, field) in TemplateJson.Containers(pod, "spec.template.spec"))
            CheckContainer(container, field, findings);
    }

    // The guardrail sends the key to a host by its name, and asks the pod's own /etc/hosts and resolver where that is.
    private static void CheckNames(JsonObject pod, FindingList findings)
    {
        foreach (var name in NameFields)
        {
            if (pod[name] is not null and not JsonArray { Count: 0 } && !IsFalse(pod[name]) && TemplateJson.Text(pod[name]) != string.Empty)
                findings.Add(
                    GuardrailChecks.NameResolution,
                    $"spec.template.spec.{name}",
                    "must not be set where an upstream has a key: the key could be sent to another address under the host's name"
                );
        }
        if (pod["dnsPolicy"] is { } policy && TemplateJson.Text(policy) != "ClusterFirst")
            findings.Add(
                GuardrailChecks.NameResolution,
                "spec.template.spec.dnsPolicy",
                "must be ClusterFirst where an upstream has a key: the cluster says where its host is"
            );
        TemplateJson.Only(pod["dnsConfig"], "spec.template.spec.dnsConfig", ["options"], GuardrailChecks.NameResolution, findings);
    }

    private static void CheckContainer(JsonObject container, string field, FindingList findings)
    {
        if (TemplateJson.Text(container["name"]) == Names.GuardrailContainer)
            findings.Add(GuardrailChecks.GuardrailContainer, $"{field}.name", $"\"{Names.GuardrailContainer}\" is the operator's");
        CheckUser(container["securityContext"], $"{field}.securityContext", findings);
        foreach (var (variable, at) in TemplateJson.Items(container, "env", field))
        {
            if (TemplateJson.Text(variable["name"]) is { } name && SdkVariables.All.Contains(name))
                findings.Add(
                    GuardrailChecks.ReservedVariable,
                    $"{at}.name",
                    $"{name} is set by the operator, so that the SDK finds the guardrail: remove it"
                );
        }
        foreach (var list in (string[])["volumeMounts", "volumeDevices"])
        {
            foreach (var (mounted, at) in TemplateJson.Items(container, list, field))
            {
                // The volume itself is not in the template. The operator adds it together with the guardrail, so the mount would then work.
                if (VolumeRules.IsOperators(mounted["name"]))
                    findings.Add(
                        GuardrailChecks.OperatorVolume,
                        $"{at}.name",
                        "only the guardrail may mount the operator's volumes: its keys, its token and its journal"
                    );
            }
        }
    }

    private static void CheckUser(JsonNode? context, string field, FindingList findings)
    {
        if (TemplateJson.UserOf(context) == PodUsers.Guardrail)
            findings.Add(GuardrailChecks.GuardrailUser, $"{field}.runAsUser", $"{PodUsers.Guardrail} is the guardrail's own user");
    }

    private static bool IsFalse(JsonNode? node) => node is not null && TemplateJson.IsOff(node);
}
