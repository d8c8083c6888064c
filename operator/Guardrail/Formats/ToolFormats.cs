using System.Text.Json;

namespace AgentReadiness.Guardrail;

/// <summary>Calls of tools: nothing is billed, everything passes to the declared URL, within the limits of the run.</summary>
internal abstract class ToolFormat : WireFormat
{
    /// <inheritdoc/>
    public override bool IsTool => true;

    /// <inheritdoc/>
    public override MeteredRequest? Read(in Endpoint endpoint, ReadOnlySpan<byte> body, out ApiError? error) =>
        throw new InvalidOperationException("a tool's call has no price");

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => ("Authorization", "Bearer ");
}

/// <summary>MCP over HTTP (specification 2025-11-25 with sessions, 2026-07-28 without): one endpoint, the declared URL itself.</summary>
internal sealed class McpFormat : ToolFormat
{
    /// <summary>JSON-RPC's code for an error of the server's own.</summary>
    private const int ServerError = -32000;

    /// <inheritdoc/>
    public override Endpoint Match(string method, string path) =>
        new(
            path is "" or "/" or "/mcp" && method is "POST" or "GET" or "DELETE" ? EndpointKind.Free : EndpointKind.Unmetered,
            path is "/mcp" ? "" : path.TrimEnd('/')
        );

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc", "2.0");
        writer.WritePropertyName("id");
        writer.WriteRawValue(error.RpcId ?? "null");
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
}

/// <summary>Plain HTTP: whatever stands under the declared URL.</summary>
internal sealed class HttpFormat : ToolFormat
{
    /// <inheritdoc/>
    public override Endpoint Match(string method, string path) => new(EndpointKind.Free, path);

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("code", error.Code);
        writer.WriteString("message", error.Message);
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
