using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Plain HTTP: whatever stands under the declared URL.</summary>
internal sealed class HttpFormat : ToolFormat
{
    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path) => new(EndpointKind.Free, path);

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
