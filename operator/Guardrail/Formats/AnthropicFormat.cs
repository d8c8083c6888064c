using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Anthropic's Messages API.</summary>
internal sealed class AnthropicFormat : WireFormat
{
    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path)
    {
        var (version, rest) = Split(path);
        var kind = (method, rest) switch
        {
            ("POST", "/messages") => EndpointKind.Metered,
            ("POST", "/messages/count_tokens") or ("GET", "/models") => EndpointKind.Free,
            ("GET", _) when rest.StartsWith("/models/", StringComparison.Ordinal) && IsSegment(rest.AsSpan("/models/".Length)) =>
                EndpointKind.Free,
            _ => EndpointKind.Unmetered,
        };
        return new UpstreamEndpoint(kind, rest) { Version = version, Api = UsageApi.Messages };
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, out ApiError? error) =>
        MessagesRequestReader.Read(body, out error);

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => ("x-api-key", "");

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "error");
        writer.WriteStartObject("error");
        writer.WriteString(
            "type",
            error.Status switch
            {
                402 => "billing_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                < 500 => "invalid_request_error",
                _ => "api_error",
            }
        );
        writer.WriteString("message", error.Message);
        writer.WriteString("code", error.Code);
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) =>
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},"
        + FormattableString.Invariant($"\"usage\":{{\"output_tokens\":{Math.Max(facts.Usage?.Output ?? 0, facts.ContentEvents)}}}}}\n\n")
        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}
