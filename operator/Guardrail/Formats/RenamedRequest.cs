namespace AgentReadiness.Guardrail.Formats;

/// <summary>A request that is for another model than the one that it was read with.</summary>
/// <param name="Endpoint">The endpoint, whose path may name the model.</param>
/// <param name="Added">The bytes that are put into the body.</param>
internal readonly record struct RenamedRequest(UpstreamEndpoint Endpoint, int Added)
{
    /// <summary>What stands in the query is for the other provider alone.</summary>
    public bool WithoutQuery { get; init; }
}
