using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Anthropic's Messages API.</summary>
internal sealed class AnthropicFormat : WireFormat
{
    private static readonly EndpointTable Endpoints = new(
        new EndpointRule("POST", "/messages", EndpointKind.Metered) { Api = UsageApi.Messages },
        new EndpointRule("POST", "/messages/count_tokens", EndpointKind.Free) { Api = UsageApi.Messages },
        new EndpointRule("GET", "/models", EndpointKind.Free),
        new EndpointRule("GET", "/models/{model}", EndpointKind.Free)
    );

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path)
    {
        var (version, rest) = Split(path);
        return Endpoints.Match(method, rest) with { Version = version };
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error) =>
        MessagesRequestReader.Read(body, facts, out error);

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
    public override string ErrorEvent(ApiError error, in UpstreamEndpoint endpoint) => "event: error\n" + base.ErrorEvent(error, endpoint);

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) =>
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},"
        + FormattableString.Invariant($"\"usage\":{{\"output_tokens\":{Math.Max(facts.Usage?.Output ?? 0, facts.ContentEvents)}}}}}\n\n")
        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}
