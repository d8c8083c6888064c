namespace AgentReadiness.Controller.Lending;

/// <summary>Tells which Secrets hold keys of agents and judges, whatever their metadata says.</summary>
public interface IKeysInUse
{
    /// <summary>Whether a guardrail of the namespace mounts a Secret as a key, or an agent or a judge declares it as one.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="secret">The Secret's name.</param>
    /// <param name="declared">Agents and judges that only declare it count too.</param>
    bool IsKey(string ns, string secret, bool declared);
}
