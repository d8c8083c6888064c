using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>A wire format: its endpoints, how a body is read, how a key is sent, what an error looks like. Stateless.</summary>
internal abstract class WireFormat
{
    private static readonly Dictionary<string, WireFormat> All = new(StringComparer.Ordinal)
    {
        ["OpenAI"] = new OpenAiFormat(),
        ["Anthropic"] = new AnthropicFormat(),
        ["Gemini"] = new GeminiFormat(),
        ["MCP"] = new McpFormat(),
        ["HTTP"] = new HttpFormat(),
    };

    /// <summary>The formats' names.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Calls of a tool, not of a model: they are not billed, and have a policy of their own.</summary>
    public virtual bool IsTool => false;

    /// <summary>The format's own version segment, such as "/v1"; empty where there is none.</summary>
    protected virtual string DefaultVersion => "/v1";

    /// <summary>The format of a name; null where there is none.</summary>
    public static WireFormat? Of(string name) => All.GetValueOrDefault(name);

    /// <summary>What a request is.</summary>
    /// <param name="method">GET, POST, …</param>
    /// <param name="path">What follows the upstream's name as it was sent, with a slash at its start, or empty.</param>
    public abstract UpstreamEndpoint Match(string method, string path);

    /// <summary>What the agent is told about a request that is for no endpoint of the format.</summary>
    /// <param name="method">GET, POST, …</param>
    /// <param name="path">What follows the upstream's name, as it was sent.</param>
    /// <param name="baseUrl">Where the agent reaches the upstream.</param>
    public virtual ApiError Unknown(string method, string path, string baseUrl) =>
        new(403, "unmetered_endpoint", $"{method} {path} does not pass: what it costs is not metered.");

    /// <summary>Reads the body of a metered request.</summary>
    /// <param name="endpoint">What was matched.</param>
    /// <param name="body">The body.</param>
    /// <param name="facts">What is known about the provider.</param>
    /// <param name="error">Why it is refused, where it is.</param>
    public abstract MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error);

    /// <summary>
    /// Lets a request, which was read, be for another model of another provider: what names the model changes, in the body and in the path,
    /// and nothing else.
    /// </summary>
    /// <param name="endpoint">What was matched.</param>
    /// <param name="request">What was read of its body; it is changed.</param>
    /// <param name="model">The model.</param>
    /// <param name="from">The provider that was called.</param>
    /// <param name="to">The provider that is called instead.</param>
    /// <returns>Null where the path cannot name that model.</returns>
    public virtual RenamedRequest? Rename(in UpstreamEndpoint endpoint, MeteredRequest request, string model, string? from, string? to) =>
        new(endpoint, request.Rename(model, model));

    /// <summary>The header that carries the provider's key.</summary>
    /// <param name="azure">The provider is Azure OpenAI.</param>
    public abstract (string Name, string Prefix) KeyHeader(bool azure);

    /// <summary>Writes the body of an error of our own in the provider's shape.</summary>
    public abstract void WriteError(System.Text.Json.Utf8JsonWriter writer, ApiError error);

    /// <summary>
    /// What ends a stream that is cut, so that a client takes it for an answer that reached its limit; empty where nothing helps.
    /// </summary>
    public virtual string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) => "";

    /// <summary>
    /// An error of our own as an event of a stream that has begun. Most clients raise it as they raise those of the provider.
    /// </summary>
    public virtual string ErrorEvent(ApiError error, in UpstreamEndpoint endpoint) =>
        $"data: {System.Text.Encoding.UTF8.GetString(error.ToJson(this).Span)}\n\n";

    /// <summary>
    /// Splits "/v1/x" into version and rest. What is no version is part of the rest, to which the format's own version belongs.
    /// </summary>
    protected (string Version, string Below) Split(string path)
    {
        var end = path.Length < 2 ? -1 : path.IndexOf('/', 1);
        var first = end < 0 ? path.AsSpan() : path.AsSpan(0, end);
        return first.Length > 1 && PathSegments.IsVersion(first[1..])
            ? (first.ToString(), end < 0 ? "" : path[end..])
            : (DefaultVersion, path);
    }
}
