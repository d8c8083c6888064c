using System.Text.Json.Nodes;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// Every place where a pod template may name a Secret: variables and volumes of all containers, and what images are pulled with. Types of
/// volumes that are not here and could name one (csi, azureFile, cephfs, ...) are refused as types.
/// </summary>
public static class SecretReferences
{
    private static readonly string[] ContainerLists = ["containers", "initContainers", "ephemeralContainers"];

    /// <summary>The references, in the order of the template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="root">Its path, for example "spec.template".</param>
    public static IReadOnlyList<SecretReference> Find(JsonObject template, string root)
    {
        var found = new List<SecretReference>();
        var field = $"{root}.spec";
        if (template["spec"] is not JsonObject pod)
            return found;
        void Add(JsonNode? owner, string member, string at)
        {
            if (TemplateJson.Text((owner as JsonObject)?[member]) is { Length: > 0 } name)
                found.Add(new SecretReference($"{at}.{member}", name));
        }
        foreach (var (volume, at) in TemplateJson.Items(pod, "volumes", field))
        {
            Add(volume["secret"], "secretName", $"{at}.secret");
            foreach (var (source, inner) in TemplateJson.Items(volume["projected"], "sources", $"{at}.projected"))
                Add(source["secret"], "name", $"{inner}.secret");
        }
        foreach (var (container, at) in ContainerLists.SelectMany(list => TemplateJson.Items(pod, list, field)))
        {
            foreach (var (variable, inner) in TemplateJson.Items(container, "env", at))
                Add((variable["valueFrom"] as JsonObject)?["secretKeyRef"], "name", $"{inner}.valueFrom.secretKeyRef");
            foreach (var (source, inner) in TemplateJson.Items(container, "envFrom", at))
                Add(source["secretRef"], "name", $"{inner}.secretRef");
        }
        foreach (var (pull, at) in TemplateJson.Items(pod, "imagePullSecrets", field))
            Add(pull, "name", at);
        return found;
    }
}
