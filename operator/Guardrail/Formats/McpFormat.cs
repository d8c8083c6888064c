using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>MCP over HTTP (specification 2025-11-25 with sessions, 2026-07-28 without): one endpoint, the declared URL itself.</summary>
internal sealed class McpFormat : ToolFormat
{
    /// <summary>JSON-RPC's code for an error of the server's own.</summary>
    private const int ServerError = -32000;

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path) =>
        path is "" or "/" or "/mcp" && method is "POST" or "GET" or "DELETE"
            ? new UpstreamEndpoint(EndpointKind.Tool, "")
            : new UpstreamEndpoint(EndpointKind.Unmetered, path);

    /// <inheritdoc/>
    public override ApiError Unknown(string method, string path, string baseUrl) =>
        WellKnown.IsDiscovery(path)
            ? WellKnown.NotHere
            : new(404, "unknown_endpoint", $"An MCP upstream is reached as {baseUrl} by POST, GET or DELETE, and nothing below it.");

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc", "2.0");
        writer.WritePropertyName("id");
        writer.WriteRawValue(error.RpcId ?? "null");
        if (error is { IsForModel: true, RpcId: not null })
        {
            WriteResult(writer, error);
            return;
        }
        writer.WriteStartObject("error");
        writer.WriteNumber("code", error.RpcCode ?? ServerError);
        writer.WriteString("message", error.Message);
        writer.WriteStartObject("data");
        writer.WriteString("code", error.Code);
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // MCP 2025-11-25, "Error Handling": what a model can correct is a result, and not an error of the protocol.
    private static void WriteResult(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject("result");
        // MCP 2026-07-28; older clients pass it over.
        writer.WriteString("resultType", "complete");
        writer.WriteStartArray("content");
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", error.Message);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteBoolean("isError", true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
