namespace AgentReadiness.Controller.Certificates;

/// <summary>One thing to do to the certificates.</summary>
public enum RotationStep
{
    /// <summary>All is as it should be, or waits for time to pass.</summary>
    None,

    /// <summary>Make a CA and serve a certificate of it at once: there is nothing that a guardrail could trust.</summary>
    Create,

    /// <summary>Serve a new certificate of the same CA.</summary>
    Renew,

    /// <summary>Make the next CA and let guardrails trust it too. Nothing of it is served yet.</summary>
    Announce,

    /// <summary>Every guardrail's ConfigMap has the next CA: the overlap begins.</summary>
    RecordRollout,

    /// <summary>A guardrail's ConfigMap has lost it: the overlap begins anew when all have it again.</summary>
    ForgetRollout,

    /// <summary>Serve a certificate of the next CA. The one before stays trusted.</summary>
    Switch,

    /// <summary>Let guardrails forget the CA before.</summary>
    Retire,
}
