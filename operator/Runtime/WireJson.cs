using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>How JSON of the API server is read.</summary>
internal static class WireJson
{
    /// <summary>
    /// The deepest that an object may nest and still be read: deeper than the API server accepts (10,000 levels, the limit of Go's JSON
    /// decoder), so that no object that is stored ends a list or a watch. What is made of an object may have a limit of its own.
    /// </summary>
    public const int MaxDepth = 10_100;

    /// <summary>For the API server's answers.</summary>
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = MaxDepth };
}
