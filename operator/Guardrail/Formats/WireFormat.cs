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
    /// <param name="path">What follows the upstream's name, with a slash at its start, or empty.</param>
    public abstract UpstreamEndpoint Match(string method, string path);

    /// <summary>Reads the body of a metered request.</summary>
    public abstract MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, out ApiError? error);

    /// <summary>The header that carries the provider's key.</summary>
    /// <param name="azure">The provider is Azure OpenAI.</param>
    public abstract (string Name, string Prefix) KeyHeader(bool azure);

    /// <summary>Writes the body of an error of our own in the provider's shape.</summary>
    public abstract void WriteError(System.Text.Json.Utf8JsonWriter writer, ApiError error);

    /// <summary>
    /// What ends a stream that is cut, so that a client takes it for an answer that reached its limit; empty where nothing helps.
    /// </summary>
    public virtual string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) => "";

    /// <summary>Splits "/v1/x" into version and rest; any "/v" with a digit counts as a version.</summary>
    protected (string Version, string Below) Split(string path)
    {
        if (path.Length > 2 && path[1] == 'v' && char.IsAsciiDigit(path[2]))
        {
            var slash = path.IndexOf('/', 2);
            return slash < 0 ? (path, "") : (path[..slash], path[slash..]);
        }
        return (DefaultVersion, path);
    }

    /// <summary>A name as one segment of a path: letters, digits and what model names hold.</summary>
    protected static bool IsSegment(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.' or ':' or '@' or '%'))
                return false;
        }
        return text.Length is > 0 and <= 256 && !text.SequenceEqual(".") && !text.SequenceEqual("..");
    }
}
