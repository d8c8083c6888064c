using System.Security.Cryptography.X509Certificates;

namespace AgentReadiness.Controller.Certificates;

/// <summary>What the grant endpoint serves and what guardrails are to trust, as of now.</summary>
public abstract class GrantCertificates
{
    private volatile Pair? pair;

    /// <summary>Raised after <see cref="Bundle"/> became another one.</summary>
    public event Action? Changed;

    /// <summary>The certificates that guardrails are to trust, PEM; null before any are known.</summary>
    public string? Bundle => pair?.Bundle;

    /// <summary>The certificate of new connections; null before one is known.</summary>
    public X509Certificate2? Leaf => pair?.Leaf;

    /// <summary>Takes others from now on. Connections that are there go on.</summary>
    protected void Use(string bundle, X509Certificate2 leaf)
    {
        var before = pair;
        pair = new Pair(bundle, leaf);
        if (before?.Bundle != bundle)
            Changed?.Invoke();
    }

    private sealed record Pair(string Bundle, X509Certificate2 Leaf);
}
