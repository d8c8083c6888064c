namespace AgentReadiness.Controller.Lending;

/// <summary>Tells which Secrets hold keys of agents, whatever their metadata says.</summary>
public interface IKeysInUse
{
    /// <summary>Whether a guardrail of the namespace mounts a Secret as a key, or an agent declares it as one.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="secret">The Secret's name.</param>
    /// <param name="declared">Agents that only declare it count too.</param>
    bool IsKey(string ns, string secret, bool declared);
}
