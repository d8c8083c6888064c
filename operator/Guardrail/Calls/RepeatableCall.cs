using AgentReadiness.Guardrail.Formats;
using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Which calls of tools may be repeated: the closed list. What is not in it is sent once, since the tool may have done its work. Pure.
/// </summary>
internal static class RepeatableCall
{
    /// <summary>The header of the agent's own key.</summary>
    public const string KeyHeader = "Idempotency-Key";

    private const int LongestKey = 256;

    /// <summary>Whether a call may be repeated.</summary>
    public static bool May(RepeatFacts call)
    {
        if (!call.HasWholeBody || call.Tool is null)
            return false;
        return call.Format switch
        {
            // Nobody asks a GET or HEAD to change anything (RFC 9110, 9.2.1).
            HttpFormat => call.HttpMethod is "GET" or "HEAD" || call.HasKey || call.IsDeclaredReadOnly,
            McpFormat => call.HttpMethod is "POST" && (call.HasKey || call.IsDeclaredReadOnly || call.IsHinted),
            _ => false,
        };
    }

    /// <summary>Whether a header's values are one key: a text that can be seen, of bounded length.</summary>
    public static bool IsKey(StringValues values) =>
        values.Count == 1 && values[0] is { Length: > 0 and <= LongestKey } key && !key.AsSpan().ContainsAnyExceptInRange('!', '~');
}
