using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>Registers the certificates of the grant endpoint.</summary>
internal static class Registration
{
    /// <summary>Adds the operator's own, or those of a folder, as the options say.</summary>
    public static IOperatorBuilder AddCertificates(this IOperatorBuilder builder, OperatorOptions options)
    {
        if (options.GrantsSecretKey is { } secret)
        {
            builder
                .Services.AddSingleton<GrantCertificates, SecretCertificates>()
                .AddSingleton<TrustBundleRollout>()
                .AddSingleton<CertificateNews>()
                .AddSingleton<CertificateRotation>();
            return builder.AddCache(SecretCertificates.Resource, CertificateView.Of, only: secret).AddLeaderTask<CertificateRotation>();
        }
        builder
            .Services.AddSingleton<FileCertificates>()
            .AddSingleton<GrantCertificates>(provider => provider.GetRequiredService<FileCertificates>())
            .AddHostedService(provider => provider.GetRequiredService<FileCertificates>());
        return builder;
    }
}
