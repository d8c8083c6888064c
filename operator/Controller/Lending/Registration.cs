using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Lending;

/// <summary>Registers the caches of what others lend.</summary>
internal static class Registration
{
    /// <summary>Adds them. Of Secrets and ServiceAccounts the server is asked for metadata alone.</summary>
    public static IOperatorBuilder AddLending(this IOperatorBuilder builder, OperatorEnvironment environment)
    {
        builder.Services.AddSingleton<LentObserver>();
        builder.AddCache(ServiceAccountView.Resource, ServiceAccountView.Of, metadataOnly: true).AddCache(ClaimView.Resource, ClaimView.Of);
        return environment.Authors.MarkedSecretsOnly ? builder.AddCache(SecretView.Resource, SecretView.Of, metadataOnly: true) : builder;
    }
}
