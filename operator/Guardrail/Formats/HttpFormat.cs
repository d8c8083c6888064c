using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Plain HTTP: whatever stands under the declared URL.</summary>
internal sealed class HttpFormat : ToolFormat
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path) =>
        new(Methods.Contains(method) && !PathSegments.LeavesBase(path) ? EndpointKind.Tool : EndpointKind.Unmetered, path);

    /// <inheritdoc/>
    public override ApiError Unknown(string method, string path, string baseUrl) =>
        Methods.Contains(method)
            ? new ApiError(
                403,
                "path_not_allowed",
                $"{path} leads out of the declared URL of the tool: its dot segments go above {baseUrl}."
            )
            : new ApiError(405, "method_not_allowed", $"The method {method} does not pass to a tool, only {string.Join(", ", Methods)}.");

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
