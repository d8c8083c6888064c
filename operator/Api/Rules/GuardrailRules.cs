using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on models and upstreams.</summary>
internal static partial class GuardrailRules
{
    public static void Check(GuardrailsSpec? guardrails, FindingList findings)
    {
        if (guardrails is null)
            return;
        if (guardrails.Models?.MaxOutputTokens is < 1 or > 1_000_000)
            findings.Add(CostChecks.OutputLimit, "spec.guardrails.models.maxOutputTokens", "must be from 1 to 1000000");
        ToolFailureRules.Check(guardrails.Tools, findings);
        ToolSchemaRules.Check(guardrails, findings);
        ScreeningRules.Check(guardrails, findings);
        ContextRules.Check(guardrails, findings);
        for (var i = 0; i < guardrails.AllowedOrigins.Count; i++)
        {
            var origin = guardrails.AllowedOrigins[i];
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var page) || page.GetLeftPart(UriPartial.Authority) != origin)
                findings.Add(
                    GuardrailChecks.AllowedOrigins,
                    $"spec.guardrails.allowedOrigins[{i}]",
                    $"\"{origin}\" must be an origin in the form that browsers send, for example \"http://localhost:3000\""
                );
        }
        for (var i = 0; i < guardrails.Upstreams.Count; i++)
        {
            var upstream = guardrails.Upstreams[i];
            var field = $"spec.guardrails.upstreams[{i}]";
            if (!UpstreamName().IsMatch(upstream.Name))
                findings.Add(GuardrailChecks.UpstreamName, $"{field}.name", $"\"{upstream.Name}\" must be a DNS label");
            if (guardrails.Upstreams.Take(i).Any(other => other.Name == upstream.Name))
                findings.Add(GuardrailChecks.UpstreamName, $"{field}.name", $"\"{upstream.Name}\" is used twice");
            if (
                !Uri.TryCreate(upstream.Url, UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https")
                || url.UserInfo.Length > 0
                || url.Query.Length > 0
            )
                findings.Add(
                    GuardrailChecks.UpstreamUrl,
                    $"{field}.url",
                    $"\"{upstream.Url}\" must be an http or https URL without user, query or fragment, for example "
                        + $"\"https://api.openai.com/v1\""
                );
            CheckClearText(upstream.Credentials, upstream.Url, upstream.Insecure, $"{field}.url", findings);
            FallbackRules.Check(upstream, guardrails, field, findings);
            if (upstream.CaConfigMapRef is { } authority && (authority.Name.Length == 0 || authority.Key.Length == 0))
                findings.Add(GuardrailChecks.UpstreamAuthority, $"{field}.caConfigMapRef", "must name a ConfigMap and a key in it");
            if (
                upstream.Proxy is { } proxy
                && !(Uri.TryCreate(proxy, UriKind.Absolute, out var through) && through.Scheme == "http" && through.UserInfo.Length == 0)
            )
                findings.Add(
                    GuardrailChecks.UpstreamProxy,
                    $"{field}.proxy",
                    $"\"{proxy}\" must be an http URL without user, for example \"http://proxy:3128\""
                );
            if (
                upstream.Credentials is { } credentials
                && (credentials.SecretRef.Name.Length == 0 || credentials.SecretRef.Key.Length == 0)
            )
                findings.Add(GuardrailChecks.UpstreamCredentials, $"{field}.credentials.secretRef", "must name a Secret and a key in it");
        }
    }

    /// <summary>A key goes over TLS, or to a Service of the cluster where somebody has said so.</summary>
    /// <param name="credentials">Where the key is; null where there is none.</param>
    /// <param name="address">The URL that it is sent to.</param>
    /// <param name="insecure">What somebody has said.</param>
    /// <param name="field">The URL's field.</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void CheckClearText(
        UpstreamCredentials? credentials,
        string address,
        bool? insecure,
        string field,
        FindingList findings
    )
    {
        if (credentials is null || !Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme != "http")
            return;
        if (insecure != true)
            findings.Add(
                GuardrailChecks.KeyInTheClear,
                field,
                $"\"{address}\" would carry the key in the clear: use https, or set insecure: true for a Service of the cluster"
            );
        else if (!IsService(url.Host))
            findings.Add(
                GuardrailChecks.KeyInTheClear,
                field,
                $"\"{address}\" leads out of the cluster, as far as its host tells (a Service is NAME, or ends with .svc or "
                    + $".svc.cluster.local): its key goes over https only"
            );
    }

    private static bool IsService(string host) =>
        (host.Length > 0 && !host.Contains('.', StringComparison.Ordinal) && !host.Contains(':', StringComparison.Ordinal))
        || host.EndsWith(".svc", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".svc.cluster.local", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")]
    private static partial Regex UpstreamName();
}
