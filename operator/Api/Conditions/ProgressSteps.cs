namespace AgentReadiness.Api.Conditions;

/// <summary>Steps that a candidate goes through, as the status names them.</summary>
public static class ProgressSteps
{
    /// <summary>Its evals are measured.</summary>
    public const string Evaluation = "Evaluation";

    /// <summary>It waits for a person.</summary>
    public const string Approval = "Approval";

    /// <summary>Its serving pods come up.</summary>
    public const string Promotion = "Promotion";

    /// <summary>It shares the traffic.</summary>
    public const string Canary = "Canary";

    /// <summary>An older revision's pods come up.</summary>
    public const string Rollback = "Rollback";
}
