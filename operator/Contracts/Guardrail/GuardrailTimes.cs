namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Times that the pod's grace and the guardrail share.</summary>
public static class GuardrailTimes
{
    /// <summary>
    /// Seconds of a pod's grace period that are left when <c>/drain</c> gives up waiting for runs: for model calls in flight and the
    /// closing report.
    /// </summary>
    public const int AfterDrain = 45;
}
