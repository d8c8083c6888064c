using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Lending;

/// <summary>
/// What a template may name of its namespace, and where a key may be sent. Whoever may write AgentDeployments or EvalSuites need not have
/// any right on these objects, so the objects themselves say it. A message is the same whether an object is not there or does not say so:
/// else one could ask the operator which Secrets there are. Pure.
/// </summary>
internal static class LendingRules
{
    private const string Default = "default";
    private const string Marked = $"label {Names.UsableByAgentsLabel}: \"true\"";

    /// <summary>The first thing of a template that its owner does not lend; null where all of it is lent.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="template">The template.</param>
    /// <param name="root">Its path.</param>
    /// <param name="lent">What is lent.</param>
    /// <param name="rights">What the platform team lets authors have.</param>
    public static string? Template(string ns, JsonObject template, string root, LentObjects lent, AuthorRights rights)
    {
        foreach (var (field, name) in AccountsOf(template, root))
        {
            if (!lent.Accounts.Contains(name))
                return $"{field}: ServiceAccount {ns}/{name} may not be used: it does not exist, or has no {Marked}. Without a token "
                    + $"\"{Default}\" may always be used";
        }
        foreach (var (field, name) in SecretReferences.Find(template, root))
        {
            if (!lent.Secrets.Contains(name))
                return $"{field}: Secret {ns}/{name} may not be named by a template: it does not exist, has no {Marked}, or holds a key, "
                    + "which only guardrails mount";
        }
        foreach (var (field, name) in ClaimReferences.Find(template, root))
        {
            if (!lent.Claims.Contains(name))
                return $"{field}: PersistentVolumeClaim {ns}/{name} may not be mounted: it has no {Marked}";
        }
        return Class(template, root, "runtimeClassName", rights.RuntimeClasses, "authors.runtimeClasses")
            ?? Class(template, root, "priorityClassName", rights.PriorityClasses, "authors.priorityClasses")
            ?? Annotation(template, root, rights.Annotations);
    }

    /// <summary>The first key that may not be sent where it would be; null where there is none.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="uses">The keys.</param>
    /// <param name="lent">What is lent.</param>
    public static string? Keys(string ns, IEnumerable<KeyUse> uses, LentObjects lent)
    {
        var use = lent.AnyHost ? null : uses.FirstOrDefault(use => !HostList.Allows(lent.Hosts.GetValueOrDefault(use.Secret), use.Url));
        return use is null
            ? null
            : $"{use.Field}: Secret {ns}/{use.Secret} may not be sent to {use.Url}: it does not exist, or its annotation "
                + $"{Names.HostsAnnotation} does not list this host. Whoever owns the key lists it, for example \"api.openai.com\", or "
                + "\"http://provider.shop.svc:8080\" for a Service in the clear";
    }

    /// <summary>The ServiceAccounts whose token, or whose name alone, a template wants: not "default" without a token.</summary>
    public static IEnumerable<(string Field, string Name)> AccountsOf(JsonObject template, string root = "spec.template")
    {
        if (template["spec"] is not JsonObject pod)
            yield break;
        foreach (var member in (string[])["serviceAccountName", "serviceAccount"])
        {
            if (Text(pod[member]) is { Length: > 0 } name && name != Default)
                yield return ($"{root}.spec.{member}", name);
        }
        var account =
            Text(pod["serviceAccountName"]) is { Length: > 0 } named ? named
            : Text(pod["serviceAccount"]) is { Length: > 0 } old ? old
            : Default;
        if (WantsToken(pod))
            yield return ($"{root}.spec.automountServiceAccountToken", account);
        var volumes = pod["volumes"] as JsonArray ?? [];
        for (var i = 0; i < volumes.Count; i++)
        {
            var sources = ((volumes[i] as JsonObject)?["projected"] as JsonObject)?["sources"] as JsonArray ?? [];
            for (var k = 0; k < sources.Count; k++)
            {
                if ((sources[k] as JsonObject)?["serviceAccountToken"] is not null)
                    yield return ($"{root}.spec.volumes[{i}].projected.sources[{k}].serviceAccountToken", account);
            }
        }
    }

    /// <summary>Whether a template asks for the token of its account. Where it says nothing it gets none.</summary>
    public static bool WantsToken(JsonObject pod) =>
        pod["automountServiceAccountToken"] is { } asked && !(asked is JsonValue value && value.TryGetValue<bool>(out var on) && !on);

    private static string? Class(JsonObject template, string root, string member, IReadOnlyList<string> allowed, string value) =>
        Text((template["spec"] as JsonObject)?[member]) is { Length: > 0 } name && !allowed.Contains(name)
            ? $"{root}.spec.{member}: \"{name}\" may not be used: the platform team lists in the chart's {value} what may "
                + $"({(allowed.Count == 0 ? "nothing yet" : string.Join(", ", allowed))})"
            : null;

    private static string? Annotation(JsonObject template, string root, IReadOnlyList<string> allowed)
    {
        foreach (var (field, name, value) in TemplateAnnotations.Find(template, root))
        {
            if (!TemplateAnnotations.IsHarmless(name, value) && !TemplateAnnotations.IsListed(allowed, name))
                return $"{field}: may not be set: others read annotations with rights of their own. The platform team lists in the chart's "
                    + $"authors.annotations what may ({(allowed.Count == 0 ? "nothing yet" : string.Join(", ", allowed))})";
        }
        return null;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
