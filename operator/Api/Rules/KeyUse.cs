namespace AgentReadiness.Api.Rules;

/// <summary>A Secret that an upstream's key comes from, and a URL whose host then sees the key.</summary>
/// <param name="Field">The path of the Secret's name.</param>
/// <param name="Upstream">The upstream's name.</param>
/// <param name="Secret">The Secret's name.</param>
/// <param name="Url">The URL.</param>
public sealed record KeyUse(string Field, string Upstream, string Secret, string Url);
