using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>A provider that the agent may call.</summary>
[ValidationRule(
    "!has(self.credentials) || self.url.startsWith('https://') || (has(self.insecure) && self.insecure)",
    "a key is sent over https; insecure: true lets it go in the clear to a Service of the cluster"
)]
[ValidationRule(
    "self.format != 'Gemini' || !has(self.fallback) || !has(self.fallback.models) || "
        + "self.fallback.models.all(from, !self.fallback.models[from].contains(':'))",
    "a model of Gemini has no colon in its name: in its path that separates it from what is asked of it"
)]
public sealed class Upstream
{
    /// <summary>A DNS label; the first segment of the path on the guardrail.</summary>
    [Required, Length(1, 40), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; set; } = string.Empty;

    /// <summary>The wire format.</summary>
    [Required]
    public UpstreamFormat Format { get; set; }

    /// <summary>
    /// The base URL with its version path, for example "https://api.openai.com/v1"; without any path the format's own version is added. Of
    /// an MCP server: its one endpoint.
    /// </summary>
    [Required, Length(8, 512), Pattern(@"^https?://[^\s?#]+$")]
    public string Url { get; set; } = string.Empty;

    /// <summary>The provider's key. Only the guardrail mounts it.</summary>
    public UpstreamCredentials? Credentials { get; set; }

    /// <summary>
    /// True: the key may be sent over http, so that whoever can read the pod's traffic can read it. Only to a Service of the cluster
    /// (NAME, or a host that ends with .svc or .svc.cluster.local).
    /// </summary>
    public bool? Insecure { get; set; }

    /// <summary>
    /// The ConfigMap, in the agent's namespace, and the key in it, with the PEM certificates that the provider's certificate must chain to;
    /// absent: the public ones.
    /// </summary>
    public KeyReference? CaConfigMapRef { get; set; }

    /// <summary>An HTTP proxy to reach the provider through, for example "http://proxy.shop:3128".</summary>
    [Length(8, 512), Pattern(@"^http://[^\s?#@]+$")]
    public string? Proxy { get; set; }

    /// <summary>Where calls go that this upstream does not answer. Absent: nowhere else.</summary>
    public FallbackSpec? Fallback { get; set; }
}

/// <summary>A wire format of a provider.</summary>
public enum UpstreamFormat
{
    /// <summary>OpenAI Chat Completions, Responses and Embeddings, Azure OpenAI, and whatever is compatible.</summary>
    OpenAI,

    /// <summary>Anthropic Messages.</summary>
    Anthropic,

    /// <summary>Gemini generateContent and streamGenerateContent.</summary>
    Gemini,

    /// <summary>A tool server that speaks MCP over HTTP.</summary>
    MCP,

    /// <summary>Any HTTP server as a tool.</summary>
    HTTP,
}

/// <summary>Where a provider's key is.</summary>
public sealed class UpstreamCredentials
{
    /// <summary>The Secret, in the agent's namespace, and the key in it.</summary>
    [Required]
    public KeyReference SecretRef { get; set; } = new();
}
