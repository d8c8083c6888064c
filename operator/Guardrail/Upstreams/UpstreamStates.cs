using System.Collections.Concurrent;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// What is known of each upstream, by its name: only names that are declared come here, so there are few. Safe for any thread.
/// </summary>
internal sealed class UpstreamStates
{
    private readonly ConcurrentDictionary<string, UpstreamState> states = new(StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public IEnumerable<KeyValuePair<string, UpstreamState>> All => states;

    /// <summary>That of an upstream.</summary>
    public UpstreamState Of(string upstream) => states.GetOrAdd(upstream, static _ => new UpstreamState());
}
