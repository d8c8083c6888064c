namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>
/// Tests of real clients before the sample provider. Each class has a sibling that runs the same tests through a guardrail: a client must
/// not notice it.
/// </summary>
public abstract class ProviderTests
{
    /// <summary>A guardrail stands between.</summary>
    protected virtual bool Guarded => false;

    /// <summary>The provider is reached over TLS, and so over HTTP/2.</summary>
    protected virtual bool Tls => false;

    private protected Task<Source> StartAsync() => Source.StartAsync(Guarded, tls: Tls);
}
