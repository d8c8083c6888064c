namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Fixed paths inside the guardrail's container.</summary>
public static class GuardrailPaths
{
    /// <summary>The path on the admin port that ends an ephemeral guardrail.</summary>
    public const string Quit = "/quit";

    /// <summary>The path on the admin port that waits until no run is in flight.</summary>
    public const string Drain = "/drain";

    /// <summary>The parameter of <see cref="Drain"/> that carries the token.</summary>
    public const string DrainToken = "token";

    /// <summary>The directory where the configuration is mounted.</summary>
    public const string ConfigDirectory = "/etc/agent-readiness";

    /// <summary>The configuration, JSON of <see cref="GuardrailConfig"/>.</summary>
    public const string Config = ConfigDirectory + "/config.json";

    /// <summary>
    /// Prices that are laid over the shipped ones, in the catalog's own format (docs/pricing.md); absent: the shipped ones alone.
    /// </summary>
    public const string Prices = ConfigDirectory + "/prices.json";

    /// <summary>The certificates that the grant endpoint's certificate must chain to.</summary>
    public const string CaFile = ConfigDirectory + "/ca.crt";

    /// <summary>The directory of the provider keys, one folder per upstream.</summary>
    public const string KeysDirectory = "/var/run/agent-readiness/keys";

    /// <summary>The directory of the certificates of private authorities, one folder per upstream.</summary>
    public const string AuthoritiesDirectory = "/var/run/agent-readiness/ca";

    /// <summary>The directory of the projected service-account token.</summary>
    public const string TokenDirectory = "/var/run/agent-readiness/token";

    /// <summary>The projected service-account token.</summary>
    public const string Token = TokenDirectory + "/token";

    /// <summary>The directory in memory where the guardrail writes down what it holds. It lives as long as the pod.</summary>
    public const string JournalDirectory = "/var/run/agent-readiness/journal";

    /// <summary>The file whose content the kubelet puts into the pod's status when the container ends.</summary>
    public const string TerminationLog = "/dev/termination-log";
}
