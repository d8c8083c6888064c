using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Controller.Shared;

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
