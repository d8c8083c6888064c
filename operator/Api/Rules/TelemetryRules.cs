using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on where telemetry goes.</summary>
internal static class TelemetryRules
{
    public static void Check(TelemetrySpec? telemetry, FindingList findings)
    {
        if (
            telemetry?.Otlp is { } otlp
            && (
                !Uri.TryCreate(otlp.Endpoint, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
                || url.Fragment.Length > 0
            )
        )
            findings.Add(
                ObservabilityChecks.Collector,
                "spec.telemetry.otlp.endpoint",
                $"\"{otlp.Endpoint}\" must be an http or https URL without user, query or fragment, for example "
                    + $"\"http://otel-collector:4318\""
            );
    }
}
