using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Api;

/// <summary>
/// The environment variables by which SDKs find their provider, and so the guardrail. docs/guardrail.md lists which SDK reads which, and
/// tests run the real clients with exactly these.
/// </summary>
public static class SdkVariables
{
    /// <summary>What stands where an SDK insists on a key: the real one is the guardrail's alone.</summary>
    public const string PlaceholderKey = "held-by-the-guardrail";

    private static readonly string[] AzureHosts = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"];

    private static readonly string[] OpenAiUrls = ["OPENAI_BASE_URL", "OPENAI_API_BASE"];
    private static readonly string[] AnthropicUrls = ["ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"];
    private static readonly string[] GeminiUrls = ["GOOGLE_GEMINI_BASE_URL"];
    private static readonly string[] AzureUrls = ["AZURE_OPENAI_ENDPOINT"];
    private static readonly string[] OpenAiKeys = ["OPENAI_API_KEY"];
    private static readonly string[] AnthropicKeys = ["ANTHROPIC_API_KEY"];
    private static readonly string[] GeminiKeys = ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"];
    private static readonly string[] AzureKeys = ["AZURE_OPENAI_API_KEY"];

    /// <summary>Every variable that the operator may set; a template must set none of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. OpenAiUrls,
        .. OpenAiKeys,
        .. AnthropicUrls,
        .. AnthropicKeys,
        .. GeminiUrls,
        .. GeminiKeys,
        "GOOGLE_API_KEY",
        .. AzureUrls,
        .. AzureKeys,
    ];

    /// <summary>The variables of an agent's containers: for the first upstream of each format.</summary>
    public static IEnumerable<KeyValuePair<string, string>> For(IEnumerable<Upstream> upstreams)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var upstream in upstreams)
        {
            var root = $"http://127.0.0.1:{GuardrailPorts.Egress}/{upstream.Name}";
            var (urls, keys, url) = upstream.Format switch
            {
                // The JavaScript client for Azure refuses to start where OPENAI_BASE_URL is set beside its own variable.
                UpstreamFormat.OpenAI when IsAzure(upstream.Url) => (AzureUrls, AzureKeys, root),
                UpstreamFormat.OpenAI => (OpenAiUrls, OpenAiKeys, root + "/v1"),
                UpstreamFormat.Anthropic => (AnthropicUrls, AnthropicKeys, root),
                UpstreamFormat.Gemini => (GeminiUrls, GeminiKeys, root),
                _ => ([], [], root),
            };
            if (urls.Length == 0 || !seen.Add(urls[0]))
                continue;
            foreach (var name in urls)
                yield return KeyValuePair.Create(name, url);
            foreach (var name in keys)
                yield return KeyValuePair.Create(name, PlaceholderKey);
        }
    }

    private static bool IsAzure(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address)
        && Array.Exists(AzureHosts, host => address.Host.EndsWith(host, StringComparison.OrdinalIgnoreCase));
}
