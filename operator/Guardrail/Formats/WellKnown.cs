namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What MCP clients ask of any server before they call it: whether, and where, one has to log in (MCP 2025-11-25, "Authorization"; RFC
/// 8414, RFC 9728, OpenID Connect Discovery). Here nobody has to, which a plain 404 says; that is no refused call.
/// </summary>
internal static class WellKnown
{
    private const string Folder = "/.well-known/";

    // Where clients of the first specification (2025-03-26) look when there is no metadata.
    private static readonly string[] Fallbacks = ["/register", "/authorize", "/token"];

    /// <summary>The answer.</summary>
    public static readonly ApiError NotHere = new(404, NotFound, "There is nothing here: no one has to log in to the guardrail.");

    private const string NotFound = "not_found";

    /// <summary>Whether a path below the guardrail, or below an MCP server, asks for that.</summary>
    public static bool IsDiscovery(string path) =>
        path.StartsWith(Folder, StringComparison.Ordinal) || Fallbacks.Contains(path, StringComparer.Ordinal);
}
