using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

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
                    RolledOutAt = Time(SecretKeys.RolledOutAt),
                    SwitchedAt = Time(SecretKeys.SwitchedAt),
                },
                null
            );
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or FormatException)
        {
            return new CertificateView(null, exception.Message);
        }
    }
}
