using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>Where the guardrail tells what it saw, beside its log and its metrics.</summary>
public sealed class TelemetrySpec
{
    /// <summary>An OpenTelemetry collector.</summary>
    public OtlpSpec? Otlp { get; set; }
}

/// <summary>An OpenTelemetry collector that takes OTLP over HTTP.</summary>
public sealed class OtlpSpec
{
    /// <summary>
    /// Its base URL, for example "http://otel-collector.observability:4318": log records are posted to /v1/logs under it, as protobuf.
    /// </summary>
    [Required, Length(8, 512), Pattern(@"^https?://[^\s?#@]+$")]
    public string Endpoint { get; set; } = string.Empty;
}
