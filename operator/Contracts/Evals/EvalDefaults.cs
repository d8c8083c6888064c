namespace AgentReadiness.Contracts.Evals;

/// <summary>The values that the runner uses where its environment says nothing. They are the defaults of the CRDs too.</summary>
public static class EvalDefaults
{
    /// <summary>The default of spec.evals[].confidence of an AgentDeployment, a probability.</summary>
    public const string Confidence = "0.95";

    /// <summary>The default of spec.evals[].minCases of an AgentDeployment.</summary>
    public const int MinCases = 10;

    /// <summary>The default of spec.builtin.parallelism of an EvalSuite, cases at once.</summary>
    public const int Parallelism = 4;

    /// <summary>The default of spec.builtin.caseTimeout of an EvalSuite, a Go duration.</summary>
    public const string CaseTimeout = "60s";
}
