using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A private authority's certificates in a file: a provider's certificate must chain to one of them, and to nothing else.
/// </summary>
internal sealed class PrivateAuthority(string path)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>What a connection is to be opened with.</summary>
    public SslClientAuthenticationOptions Options =>
        new()
        {
            // .NET builds a chain of its own before ours, and would fetch what is missing there from an address that the certificate names.
            CertificateChainPolicy = Policy(),
            RemoteCertificateValidationCallback = (_, certificate, sent, errors) => Vouched(certificate, sent, errors),
        };

    // An exception says what false cannot: why.
    private bool Vouched(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null)
            throw new AuthenticationException("it has no certificate");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            throw new AuthenticationException("its certificate is for another host");
        using var chain = new X509Chain { ChainPolicy = Policy() };
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        try
        {
            // Read at each handshake: the kubelet swaps the file when the authority changes.
            chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AuthenticationException("the certificates of caConfigMapRef cannot be read");
        }
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        using var leaf = new X509Certificate2(certificate);
        return chain.Build(leaf)
            ? true
            : throw new AuthenticationException(
                $"the authority of caConfigMapRef does not vouch for its certificate: "
                    + $"{string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct())}"
            );
    }

    private static X509ChainPolicy Policy() => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
}
