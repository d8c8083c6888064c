using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

/// <summary>What the Secret of the grant endpoint holds.</summary>
public sealed record CertificateState
{
    /// <summary>The CA of what is served.</summary>
    public required KeyedCertificate Ca { get; init; }

    /// <summary>What is served.</summary>
    public required KeyedCertificate Leaf { get; init; }

    /// <summary>The announced CA, or null.</summary>
    public KeyedCertificate? Next { get; init; }

    /// <summary>The CA before, or null.</summary>
    public KeyedCertificate? Previous { get; init; }

    /// <summary>See <see cref="RotationFacts.RolledOutAt"/>.</summary>
    public DateTimeOffset? RolledOutAt { get; init; }

    /// <summary>See <see cref="RotationFacts.SwitchedAt"/>.</summary>
    public DateTimeOffset? SwitchedAt { get; init; }

    /// <summary>The certificates that guardrails are to trust, PEM.</summary>
    public string Bundle => Ca.Pem + Next?.Pem + Previous?.Pem;

    /// <summary>What a rotation is decided on.</summary>
    /// <param name="plan">Lives and overlap.</param>
    /// <param name="host">The endpoint's name.</param>
    public RotationFacts Facts(RotationPlan plan, string host) =>
        new(Ca.Lifetime(plan), Ca.Key is not null, Leaf.Lifetime(plan), Leaf.Certificate.MatchesHostname(host))
        {
            Next = Next?.Lifetime(plan),
            RolledOutAt = RolledOutAt,
            SwitchedAt = SwitchedAt,
        };

    /// <summary>The Secret's data; null for keys that must not be there.</summary>
    public JsonObject Data() =>
        new()
        {
            [SecretKeys.Ca] = Base64(Ca.Pem),
            [SecretKeys.CaKey] = Base64(Ca.Key),
            [SecretKeys.NextCa] = Base64(Next?.Pem),
            [SecretKeys.NextCaKey] = Base64(Next?.Key),
            [SecretKeys.PreviousCa] = Base64(Previous?.Pem),
            [SecretKeys.Leaf] = Base64(Leaf.Pem),
            [SecretKeys.LeafKey] = Base64(Leaf.Key),
            [SecretKeys.RolledOutAt] = Base64(RolledOutAt?.ToString("O", CultureInfo.InvariantCulture)),
            [SecretKeys.SwitchedAt] = Base64(SwitchedAt?.ToString("O", CultureInfo.InvariantCulture)),
        };

    private static string? Base64(string? text) => text is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
