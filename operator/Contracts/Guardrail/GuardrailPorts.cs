namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Fixed ports of a guardrail.</summary>
public static class GuardrailPorts
{
    /// <summary>The agent's calls out, on 127.0.0.1 only.</summary>
    public const int Egress = 15080;

    /// <summary><c>/healthz</c>, <c>/readyz</c>, <c>/drain</c>, <c>/metrics</c>, on every address of the pod.</summary>
    public const int Admin = 15082;

    /// <summary>The first inbound port; the n-th declared port listens on this plus n.</summary>
    public const int FirstInbound = 15090;
}
