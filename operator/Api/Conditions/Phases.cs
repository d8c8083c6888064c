namespace AgentReadiness.Api.Conditions;

/// <summary>Where a rollout stands, in one word, for people.</summary>
public static class Phases
{
    /// <summary>The spec cannot be carried out.</summary>
    public const string Invalid = "Invalid";

    /// <summary>Something that the spec needs is not there yet.</summary>
    public const string Waiting = "Waiting";

    /// <summary>The candidate's evals are measured.</summary>
    public const string Evaluating = "Evaluating";

    /// <summary>The candidate passed and waits for a person.</summary>
    public const string AwaitingApproval = "AwaitingApproval";

    /// <summary>The candidate's serving pods come up.</summary>
    public const string Promoting = "Promoting";

    /// <summary>Candidate and serving revision share the traffic.</summary>
    public const string Canary = "Canary";

    /// <summary>The rollout stays where it is because the spec says so.</summary>
    public const string Paused = "Paused";

    /// <summary>An older revision's pods come up.</summary>
    public const string RollingBack = "RollingBack";

    /// <summary>An older revision serves because a person decided so.</summary>
    public const string RolledBack = "RolledBack";

    /// <summary>The declared revision serves.</summary>
    public const string Serving = "Serving";

    /// <summary>The declared revision is held; nothing more happens by itself.</summary>
    public const string Failed = "Failed";

    /// <summary>The budget is spent.</summary>
    public const string Exhausted = "Exhausted";
}
