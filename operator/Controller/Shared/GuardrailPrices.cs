using System.Security.Cryptography;
using System.Text;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Controller.Shared;

/// <summary>A file of prices that guardrails may be given.</summary>
/// <param name="Text">As the platform team wrote it.</param>
/// <param name="Digest">SHA-256 of the text.</param>
public sealed record GuardrailPrices(string Text, string Digest)
{
    /// <summary>The file's name beside a guardrail's configuration, and its key in a ConfigMap.</summary>
    public static readonly string Key = Path.GetFileName(GuardrailPaths.Prices);

    /// <summary>The digest of a text.</summary>
    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
