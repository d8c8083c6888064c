using AgentReadiness.Api.Resources;

namespace AgentReadiness.Api.Rules;

/// <summary>The keys of an agent's upstreams and of a suite's judge.</summary>
public static class KeyUses
{
    /// <summary>Those of an agent: one for each URL that a key is shown to.</summary>
    public static IEnumerable<KeyUse> Find(AgentDeploymentSpec spec)
    {
        var upstreams = spec.Guardrails?.Upstreams ?? [];
        for (var i = 0; i < upstreams.Count; i++)
        {
            var upstream = upstreams[i];
            if (upstream.Credentials?.SecretRef.Name is not { Length: > 0 } secret)
                continue;
            var field = $"spec.guardrails.upstreams[{i}].credentials.secretRef.name";
            yield return new KeyUse(field, upstream.Name, secret, upstream.Url);
            // A proxy sees what goes through it, unless it is encrypted for somebody whom the author did not choose.
            if (
                upstream.Proxy is { Length: > 0 } proxy
                && (upstream.CaConfigMapRef is not null || !upstream.Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            )
                yield return new KeyUse(field, upstream.Name, secret, proxy);
        }
    }

    /// <summary>That of a suite's judge, if it has one.</summary>
    public static IEnumerable<KeyUse> Find(EvalSuiteSpec spec) =>
        spec.Builtin?.Judge is { Credentials.SecretRef.Name: { Length: > 0 } secret } judge
            ? [new KeyUse("spec.builtin.judge.credentials.secretRef.name", "judge", secret, judge.Url)]
            : [];
}
