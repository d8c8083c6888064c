using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

/// <summary>
/// Makes CAs and certificates (ECDSA, P-256) and carries out the steps of a rotation. Keys apart, the same in gives the same out.
/// </summary>
public static class CertificateIssuer
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The state after a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="state">The state before; null only for <see cref="RotationStep.Create"/>.</param>
    /// <param name="host">The endpoint's name.</param>
    /// <param name="now">The moment.</param>
    /// <param name="plan">Lives and overlap.</param>
    public static CertificateState Carry(RotationStep step, CertificateState? state, string host, DateTimeOffset now, RotationPlan plan)
    {
        if (step == RotationStep.Create)
        {
            var ca = Authority(now, plan);
            return new CertificateState { Ca = ca, Leaf = Leaf(ca, host, now, plan) };
        }
        ArgumentNullException.ThrowIfNull(state);
        return step switch
        {
            RotationStep.Renew => state with { Leaf = Leaf(state.Ca, host, now, plan) },
            RotationStep.Announce => state with { Next = Authority(now, plan), RolledOutAt = null },
            RotationStep.RecordRollout => state with { RolledOutAt = now },
            RotationStep.ForgetRollout => state with { RolledOutAt = null },
            RotationStep.Switch => new CertificateState
            {
                Ca = state.Next!,
                Leaf = Leaf(state.Next!, host, now, plan),
                // The old CA is kept without its key, since nothing is signed by it any more.
                Previous = new KeyedCertificate(state.Ca.Pem, null),
                SwitchedAt = now,
            },
            RotationStep.Retire => state with { Previous = null, SwitchedAt = null },
            _ => state,
        };
    }

    private static KeyedCertificate Authority(DateTimeOffset now, RotationPlan plan)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Each CA has a name of its own. A client that trusts two CAs of one name may try only the wrong one.
        var request = new CertificateRequest(
            $"CN={Names.Operator} grants CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}",
            key,
            HashAlgorithmName.SHA256
        );
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true)
        );
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - plan.Skew, now + plan.CaLife);
        return new KeyedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static KeyedCertificate Leaf(KeyedCertificate ca, string host, DateTimeOffset now, RotationPlan plan)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Names.Operator} grants", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
            names.AddDnsName($"{host}.cluster.local");
        }
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true)
        );
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                ca.Certificate,
                includeKeyIdentifier: true,
                includeIssuerAndSerial: false
            )
        );
        DateTimeOffset begin = ca.Certificate.NotBefore.ToUniversalTime(),
            end = ca.Certificate.NotAfter.ToUniversalTime();
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var certificate = request.Create(
            ca.Certificate,
            now - plan.Skew < begin ? begin : now - plan.Skew,
            now + plan.LeafLife > end ? end : now + plan.LeafLife,
            serial
        );
        return new KeyedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
