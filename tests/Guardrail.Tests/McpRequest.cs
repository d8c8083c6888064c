namespace AgentReadiness.Guardrail.Tests;

/// <summary>A request to the rig's MCP server, with the headers that the protocol asks for (MCP 2026-07-28).</summary>
internal static class McpRequest
{
    public static HttpRequestMessage Of(Rig rig, string method, string parameters)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}/mail")
        {
            Content = new StringContent(
                $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""",
                Encoding.UTF8,
                "application/json"
            ),
        };
        request.Headers.Add("Accept", "application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", method);
        if (JsonNode.Parse(parameters)!["name"]?.GetValue<string>() is { } name)
            request.Headers.Add("Mcp-Name", name);
        return request;
    }
}
