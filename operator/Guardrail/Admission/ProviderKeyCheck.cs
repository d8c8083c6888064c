using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The provider's key is there, where one is declared.</summary>
internal sealed class ProviderKeyCheck : ICallCheck
{
    /// <inheritdoc/>
    public string Id => "provider-key";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call) =>
        call.Upstream!.Key is { } key && key.Read() is null
            ? new ApiError(
                503,
                "provider_key_unavailable",
                $"The key of upstream \"{call.UpstreamName}\" is missing, empty, or holds characters that no header can carry.",
                Retry: true
            )
            : null;
}
