using System.Security.Cryptography;
using System.Text;

namespace AgentReadiness.Controller.Shared;

/// <summary>The CA certificates that guardrails are to trust, as a PEM text.</summary>
public static class TrustBundle
{
    /// <summary>The digest by which a bundle in a ConfigMap is known: SHA-256, as lower-case hex.</summary>
    public static string DigestOf(string bundle) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bundle)));
}
