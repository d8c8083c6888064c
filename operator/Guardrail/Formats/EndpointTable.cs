namespace AgentReadiness.Guardrail.Formats;

/// <summary>The endpoints of a format, in order: the first that fits is the one. What is not listed is not known.</summary>
internal sealed class EndpointTable(params EndpointRule[] rules)
{
    /// <summary>The rules.</summary>
    public IReadOnlyList<EndpointRule> Rules => rules;

    /// <summary>The endpoint of a request; of the kind <see cref="EndpointKind.Unmetered"/> where none is listed.</summary>
    public UpstreamEndpoint Match(string method, ReadOnlySpan<char> path)
    {
        foreach (var rule in rules)
        {
            if (rule.TryMatch(method, path, out var endpoint))
                return endpoint;
        }
        return new UpstreamEndpoint(EndpointKind.Unmetered, path.ToString());
    }
}
