using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

/// <summary>Those of somebody else, in a mounted folder.</summary>
public sealed class FileCertificates : GrantCertificates, IHostedService, IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);
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
        timer = time.CreateTimer(_ => Look(), null, PollInterval, PollInterval);
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
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            // The files may be half replaced, or broken. The last good certificates stay in use.
            if (exception.Message == told)
                return;
            told = exception.Message;
            ControllerLog.CertificatesFailed(logger, CertificateReasons.Failed, $"{folder}: {exception.Message}");
        }
    }

    // Compared by content, since the mounted path is a symbolic link that does not change when its target does.
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
