namespace AgentReadiness.Controller.Certificates;

/// <summary>Reasons of events and log lines about the grant endpoint's certificates; stable words that programs may rely on.</summary>
public static class CertificateReasons
{
    /// <summary>There was no CA that could be trusted: one was made and is served from at once.</summary>
    public const string Created = "GrantsCaCreated";

    /// <summary>The next CA was made; guardrails get it beside the present one.</summary>
    public const string Announced = "GrantsCaAnnounced";

    /// <summary>Every guardrail's ConfigMap has the next CA.</summary>
    public const string RolledOut = "GrantsCaSpread";

    /// <summary>ConfigMaps of guardrails lack the next CA; the message names some.</summary>
    public const string Lacking = "GrantsCaLacking";

    /// <summary>A certificate of the next CA is served.</summary>
    public const string Switched = "GrantsCaSwitched";

    /// <summary>The CA before is not trusted any more.</summary>
    public const string Retired = "GrantsCaRetired";

    /// <summary>A new certificate of the same CA is served.</summary>
    public const string Renewed = "GrantsCertificateRenewed";

    /// <summary>The certificates could not be read or written.</summary>
    public const string Failed = "GrantsCertificateFailed";
}
