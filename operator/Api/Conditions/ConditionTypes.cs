namespace AgentReadiness.Api.Conditions;

/// <summary>Types of conditions on an AgentDeployment.</summary>
public static class ConditionTypes
{
    /// <summary>The declared revision serves, whole and within its budget.</summary>
    public const string Ready = "Ready";

    /// <summary>The operator is on its way; kstatus calls it in progress.</summary>
    public const string Reconciling = "Reconciling";

    /// <summary>Nothing more happens until somebody changes something; kstatus calls it failed.</summary>
    public const string Stalled = "Stalled";

    /// <summary>The declared revision's evals.</summary>
    public const string EvalsPassed = "EvalsPassed";

    /// <summary>Some revision answers behind the Service.</summary>
    public const string Serving = "Serving";

    /// <summary>The budget lets calls go.</summary>
    public const string WithinBudget = "WithinBudget";

    /// <summary>spec.rollout.decision cannot be carried out; present only then.</summary>
    public const string DecisionIgnored = "DecisionIgnored";

    /// <summary>Others changed what cannot be set back; present only then.</summary>
    public const string Tampered = "Tampered";

    /// <summary>What serves was measured again and is below its bar now; present only then.</summary>
    public const string Drifted = "Drifted";
}
