using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>Tells of the rotation in the log and in events of the Secret.</summary>
public sealed class CertificateNews(
    ObjectCache<CertificateView> secrets,
    EventRecorder events,
    OperatorOptions options,
    ILogger<CertificateRotation> logger
)
{
    private readonly NamespacedName key = options.GrantsSecretKey!.Value;
    private string? told;

    /// <summary>Tells it, once as long as it stays the same.</summary>
    public async Task TellAsync(bool warning, string reason, string message, CancellationToken cancellationToken)
    {
        var words = $"{reason}: {message}";
        if (words == told)
            return;
        told = words;
        if (warning)
            ControllerLog.CertificatesFailed(logger, reason, message);
        else
            ControllerLog.CertificatesChanged(logger, reason, message);
        await events.PublishAsync(
            new EventSubject(
                SecretCertificates.Resource.ApiVersion,
                SecretCertificates.Resource.Kind,
                key,
                secrets.Get(key)?.Uid ?? string.Empty
            ),
            warning,
            reason,
            message,
            cancellationToken
        );
    }
}
