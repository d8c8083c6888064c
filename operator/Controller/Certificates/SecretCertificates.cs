using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>Those of the Secret that the leader keeps. Every replica sees a change at once, the first included.</summary>
public sealed class SecretCertificates : GrantCertificates
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "secrets", "Secret");

    /// <summary>Follows the cache.</summary>
    public SecretCertificates(ObjectCache<CertificateView> secrets)
    {
        secrets.Changed += (_, after) => Take(after);
        foreach (var entry in secrets.List())
            Take(entry);
    }

    // While the Secret is missing or broken, the last good certificates stay in use.
    private void Take(CacheEntry<CertificateView>? entry)
    {
        if (entry?.View.State is { } state)
            Use(state.Bundle, state.Leaf.Certificate);
    }
}
