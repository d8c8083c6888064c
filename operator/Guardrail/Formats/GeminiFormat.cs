using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Google's Gemini API.</summary>
internal sealed class GeminiFormat : WireFormat
{
    private const string Models = "/models/";

    /// <inheritdoc/>
    protected override string DefaultVersion => "/v1beta";

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path)
    {
        var (version, rest) = Split(path);
        var endpoint = new UpstreamEndpoint(EndpointKind.Unmetered, rest) { Version = version, Api = UsageApi.Gemini };
        if (method == "GET" && rest == "/models")
            return endpoint with { Kind = EndpointKind.Free };
        if (!rest.StartsWith(Models, StringComparison.Ordinal))
            return endpoint;
        var name = rest.AsSpan(Models.Length);
        var colon = name.LastIndexOf(':');
        var model = colon < 0 ? name : name[..colon];
        if (!IsSegment(model))
            return endpoint;
        endpoint = endpoint with { Model = Uri.UnescapeDataString(model.ToString()) };
        return (method, colon < 0 ? "" : name[(colon + 1)..].ToString()) switch
        {
            ("GET", "") or ("POST", "countTokens") => endpoint with { Kind = EndpointKind.Free },
            ("POST", "generateContent") => endpoint with { Kind = EndpointKind.Metered },
            ("POST", "streamGenerateContent") => endpoint with { Kind = EndpointKind.Metered, Stream = true },
            _ => endpoint,
        };
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, out ApiError? error) =>
        GeminiRequestReader.Read(body, endpoint.Model!, endpoint.Stream, out error);

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => ("x-goog-api-key", "");

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("code", error.Status);
        writer.WriteString("message", error.Message);
        writer.WriteString(
            "status",
            error.Status switch
            {
                402 or 429 => "RESOURCE_EXHAUSTED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                504 => "DEADLINE_EXCEEDED",
                < 500 => "INVALID_ARGUMENT",
                _ => "UNAVAILABLE",
            }
        );
        writer.WriteStartArray("details");
        writer.WriteStartObject();
        writer.WriteString("@type", "type.googleapis.com/google.rpc.ErrorInfo");
        writer.WriteString("reason", error.Code);
        writer.WriteString("domain", "agentreadiness.dev");
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) =>
        "data: {\"candidates\":[{\"content\":{\"parts\":[],\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\",\"index\":0}]}\n\n";
}
