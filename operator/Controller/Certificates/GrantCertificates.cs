using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>What the grant endpoint serves and what guardrails are to trust, as of now.</summary>
public abstract class GrantCertificates
{
    private volatile Pair? pair;

    /// <summary>Raised after <see cref="Bundle"/> became another one.</summary>
    public event Action? Changed;

    /// <summary>The certificates that guardrails are to trust, PEM; null before any are known.</summary>
    public string? Bundle => pair?.Bundle;

    /// <summary>The certificate of new connections; null before one is known.</summary>
    public X509Certificate2? Leaf => pair?.Leaf;

    /// <summary>The digest by which a bundle in a ConfigMap is known.</summary>
    public static string DigestOf(string bundle) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bundle)));

    /// <summary>Takes others from now on. Connections that are there go on.</summary>
    protected void Use(string bundle, X509Certificate2 leaf)
    {
        var before = pair;
        pair = new Pair(bundle, leaf);
        if (before?.Bundle != bundle)
            Changed?.Invoke();
    }

    private sealed record Pair(string Bundle, X509Certificate2 Leaf);
}

/// <summary>Those of the Secret that the leader keeps. Every replica sees a change at once, the first included.</summary>
public sealed class SecretCertificates : GrantCertificates
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "secrets", "Secret");

    /// <summary>Follows the cache.</summary>
    public SecretCertificates(ObjectCache<CertificateView> secrets)
    {
        secrets.Changed += (_, after) => Take(after);
        foreach (var entry in secrets.List())
            Take(entry);
    }

    // One that is gone or broken for a moment takes nothing away from who trusts the last one.
    private void Take(CacheEntry<CertificateView>? entry)
    {
        if (entry?.View.State is { } state)
            Use(state.Bundle, state.Leaf.Certificate);
    }
}

/// <summary>Those of somebody else, in a mounted folder.</summary>
public sealed class FileCertificates : GrantCertificates, IHostedService, IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);
    private readonly string folder;
    private readonly TimeProvider time;
    private readonly ILogger<FileCertificates> logger;
    private ITimer? timer;
    private (string Ca, string Certificate, string Key) read;
    private string? told;

    /// <summary>Reads them.</summary>
    /// <exception cref="IOException">A file is not there.</exception>
    /// <exception cref="CryptographicException">A file cannot be read.</exception>
    public FileCertificates(OperatorOptions options, TimeProvider time, ILogger<FileCertificates> logger)
    {
        (folder, this.time, this.logger) = (options.GrantsTlsDirectory!, time, logger);
        Read();
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        timer = time.CreateTimer(_ => Look(), null, LookAgain, LookAgain);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => timer?.Dispose();

    private void Look()
    {
        try
        {
            Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            // Half of a change was seen, or it is broken; the last good ones stay.
            if (error.Message == told)
                return;
            told = error.Message;
            ControllerLog.CertificatesFailed(logger, CertificateReasons.Failed, $"{folder}: {error.Message}");
        }
    }

    // By content: a mounted file is a link that never changes itself.
    private void Read()
    {
        string Text(string name) => File.ReadAllText(Path.Combine(folder, name));
        var now = (Ca: Text("ca.crt"), Certificate: Text("tls.crt"), Key: Text("tls.key"));
        if (now == read)
            return;
        Use(now.Ca, X509Certificate2.CreateFromPem(now.Certificate, now.Key));
        read = now;
    }
}
