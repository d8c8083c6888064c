using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A certificate authority, and the file that trusts it.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private readonly string folder = Directory.CreateTempSubdirectory("authority").FullName;
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();

    public TestAuthority()
    {
        Root = Authority("CN=test root", null);
        File.WriteAllText(Path, Root.ExportCertificatePem());
    }

    public X509Certificate2 Root { get; }

    /// <summary>A PEM file with the root.</summary>
    public string Path => System.IO.Path.Combine(folder, "ca.crt");

    /// <summary>From now on the file names another root, swapped in as the kubelet does it.</summary>
    public void Trust(TestAuthority other)
    {
        File.WriteAllText(Path + ".new", other.Root.ExportCertificatePem());
        File.Move(Path + ".new", Path, overwrite: true);
    }

    /// <summary>An authority under the root.</summary>
    public X509Certificate2 Intermediate() => Authority("CN=test intermediate", Root);

    /// <summary>A certificate for a host; for 127.0.0.1 too where that is localhost.</summary>
    public X509Certificate2 Issue(
        string host = "localhost",
        X509Certificate2? by = null,
        string usage = ServerAuthentication,
        TimeSpan? ends = null
    )
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        if (host == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        return WithKey(request, by ?? Root, key, now + (ends ?? TimeSpan.FromHours(1)));
    }

    /// <summary>A server that has a certificate of this authority.</summary>
    public Action<ListenOptions> Listen(HttpProtocols protocols = HttpProtocols.Http1AndHttp2, X509Certificate2? certificate = null)
    {
        var tls = new HttpsConnectionAdapterOptions { ServerCertificate = certificate ?? Issue() };
        return listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(tls);
        };
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private X509Certificate2 Authority(string name, X509Certificate2? by)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return by is null ? request.CreateSelfSigned(now.AddMinutes(-10), now.AddDays(1)) : WithKey(request, by, key, now.AddHours(2));
    }

    private X509Certificate2 WithKey(CertificateRequest request, X509Certificate2 by, ECDsa key, DateTimeOffset ends)
    {
        using var signed = request.Create(by, now.AddMinutes(-5), ends, [1, .. RandomNumberGenerator.GetBytes(8)]);
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
