using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Controller.Views;

namespace AgentReadiness.Controller.Certificates;

/// <summary>A certificate and, where it is here, its key. No record: the text of a record would show the key.</summary>
public sealed class KeyedCertificate
{
    /// <summary>Reads it.</summary>
    /// <param name="certificate">PEM.</param>
    /// <param name="key">PEM, or null.</param>
    /// <exception cref="CryptographicException">One of them cannot be read.</exception>
    /// <exception cref="ArgumentException">The key is not the certificate's.</exception>
    public KeyedCertificate(string certificate, string? key)
    {
        (Pem, Key) = (certificate.TrimEnd() + "\n", key);
        Certificate = key is null ? X509Certificate2.CreateFromPem(certificate) : X509Certificate2.CreateFromPem(certificate, key);
    }

    /// <summary>The certificate, PEM.</summary>
    public string Pem { get; }

    /// <summary>The key, PEM, or null. For the Secret alone.</summary>
    public string? Key { get; }

    /// <summary>The certificate, with the key where there is one.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>When it was made and when it ends.</summary>
    public Lifetime Lifetime(RotationPlan plan) =>
        new(
            new DateTimeOffset(Certificate.NotBefore.ToUniversalTime()) + plan.Skew,
            new DateTimeOffset(Certificate.NotAfter.ToUniversalTime())
        );
}

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

    /// <summary>See <see cref="RotationFacts.SpreadAt"/>.</summary>
    public DateTimeOffset? SpreadAt { get; init; }

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
            SpreadAt = SpreadAt,
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
            [SecretKeys.SpreadAt] = Base64(SpreadAt?.ToString("O", CultureInfo.InvariantCulture)),
            [SecretKeys.SwitchedAt] = Base64(SwitchedAt?.ToString("O", CultureInfo.InvariantCulture)),
        };

    private static string? Base64(string? text) => text is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <summary>The keys of the Secret.</summary>
internal static class SecretKeys
{
    public const string Ca = "ca.crt";
    public const string CaKey = "ca.key";
    public const string NextCa = "next-ca.crt";
    public const string NextCaKey = "next-ca.key";
    public const string PreviousCa = "previous-ca.crt";
    public const string Leaf = "tls.crt";
    public const string LeafKey = "tls.key";
    public const string SpreadAt = "next-ca-spread-at";
    public const string SwitchedAt = "switched-at";

    // What Helm had made before the operator did; Helm puts it there when it upgrades, and takes it away with the next upgrade.
    public const string OldCa = "old-ca.crt";
    public const string OldLeaf = "old-tls.crt";
    public const string OldLeafKey = "old-tls.key";
}

/// <summary>The Secret of the grant endpoint as read. No record: see <see cref="KeyedCertificate"/>.</summary>
public sealed class CertificateView
{
    private CertificateView(CertificateState? state, string? problem) => (State, Problem) = (state, problem);

    /// <summary>What it holds; null: nothing, or nothing that can be read.</summary>
    public CertificateState? State { get; }

    /// <summary>Why it cannot be read, or null.</summary>
    public string? Problem { get; }

    /// <summary>Makes the view.</summary>
    public static CertificateView Of(JsonElement item)
    {
        try
        {
            string? Text(string key) =>
                item.Text("data", key) is { Length: > 0 } value ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : null;
            string Needed(string key) => Text(key) ?? throw new FormatException($"it has no key {key}");
            DateTimeOffset? Time(string key) => Text(key) is { } time ? DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) : null;
            KeyedCertificate? Certificate(string key, string? keyOf) =>
                Text(key) is { } pem ? new KeyedCertificate(pem, keyOf is null ? null : Needed(keyOf)) : null;

            if (Text(SecretKeys.Leaf) is null && Text(SecretKeys.Ca) is null)
            {
                return new CertificateView(
                    Text(SecretKeys.OldLeaf) is null
                        ? null
                        : new CertificateState
                        {
                            Ca = new KeyedCertificate(Needed(SecretKeys.OldCa), null),
                            Leaf = new KeyedCertificate(Needed(SecretKeys.OldLeaf), Needed(SecretKeys.OldLeafKey)),
                        },
                    null
                );
            }
            return new CertificateView(
                new CertificateState
                {
                    Ca = new KeyedCertificate(Needed(SecretKeys.Ca), Text(SecretKeys.CaKey)),
                    Leaf = new KeyedCertificate(Needed(SecretKeys.Leaf), Needed(SecretKeys.LeafKey)),
                    Next = Certificate(SecretKeys.NextCa, SecretKeys.NextCaKey),
                    Previous = Certificate(SecretKeys.PreviousCa, null),
                    SpreadAt = Time(SecretKeys.SpreadAt),
                    SwitchedAt = Time(SecretKeys.SwitchedAt),
                },
                null
            );
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or FormatException)
        {
            return new CertificateView(null, error.Message);
        }
    }
}
