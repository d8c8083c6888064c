using System.IO.Hashing;
using System.Text;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// What is the same for two calls that ask an upstream for the same thing: the one way to find it, for all limits on calls that come
/// again. Pure.
/// </summary>
internal static class CallPrint
{
    /// <summary>All that the call asks for is here, so that two calls with one print are the same call.</summary>
    public static bool IsWhole(CallContext call) => call.Body is not null || call.HasNoBody;

    /// <summary>
    /// The print: of a call of an MCP tool its parameters without <c>_meta</c>, of all others method, path, query and body. A body that is
    /// streamed through is not known, and then it is the print of the target alone.
    /// </summary>
    public static UInt128 Of(CallContext call)
    {
        var hash = new XxHash128();
        var target = $"{call.UpstreamName} {call.Http.Request.Method} {call.Endpoint.Path}{call.Query} {call.Tool?.Method} ";
        hash.Append(Encoding.UTF8.GetBytes(target));
        if (call is { Upstream.Format: McpFormat, Tool: { IsCall: true } tool })
            // Its JSON-RPC id and the token of its progress are new each time.
            hash.Append(BitConverter.GetBytes(tool.Asked));
        else if (call.Body is { } body)
            hash.Append(body.Span);
        return hash.GetCurrentHashAsUInt128();
    }
}
