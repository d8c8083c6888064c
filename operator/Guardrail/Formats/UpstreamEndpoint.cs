using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>An endpoint of an upstream.</summary>
/// <param name="Kind">What becomes of a request.</param>
/// <param name="Path">Under the version, with a slash at its start, as it was sent: "/chat/completions".</param>
internal readonly record struct UpstreamEndpoint(EndpointKind Kind, string Path)
{
    /// <summary>The version segment as the request has it, or as the format has it; empty where there is none.</summary>
    public string Version { get; init; } = "";

    /// <summary>The format of its answers.</summary>
    public UsageApi Api { get; init; }

    /// <summary>The model, where the path names it, decoded.</summary>
    public string? Model { get; init; }

    /// <summary>The ID of a stored answer, where the path names it, decoded.</summary>
    public string? Id { get; init; }

    /// <summary>The path asks for a stream.</summary>
    public bool Stream { get; init; }
}
