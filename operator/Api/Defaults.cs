using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Api;

/// <summary>
/// The values that hold where a field is absent. The API server fills the same ones in (a test compares the two); code reads them
/// here because a manifest on disk, and an object from before a field existed, has no defaults yet.
/// </summary>
public static class Defaults
{
    /// <summary>spec.replicas.</summary>
    public const int Replicas = 1;

    /// <summary>spec.rollout.candidateReplicas.</summary>
    public const int CandidateReplicas = 1;

    /// <summary>spec.rollout.progressDeadline.</summary>
    public const string ProgressDeadline = "15m";

    /// <summary>spec.rollout.drain.</summary>
    public const string Drain = "30s";

    /// <summary>spec.rollout.approvalTimeout.</summary>
    public const string ApprovalTimeout = "24h";

    /// <summary>spec.rollout.rollbackWindow.</summary>
    public const string RollbackWindow = "168h";

    /// <summary>spec.rollout.historyLimit.</summary>
    public const int HistoryLimit = 5;

    /// <summary>spec.evals[].confidence.</summary>
    public const string Confidence = EvalDefaults.Confidence;

    /// <summary>spec.evals[].minCases.</summary>
    public const int MinCases = EvalDefaults.MinCases;

    /// <summary>spec.evals[].maxCost, USD.</summary>
    public const string EvalMaxCost = "5.00";

    /// <summary>
    /// How many whole evaluations an agent may pay for in a day where its budget has no window of money that refuses.
    /// </summary>
    public const int EvaluationsPerDay = 10;

    /// <summary>spec.evals[].deadline.</summary>
    public const string EvalDeadline = "30m";

    /// <summary>spec.budget.timeZone.</summary>
    public const string BudgetTimeZone = "UTC";

    /// <summary>spec.reliability.modelCall.timeout.</summary>
    public const string ModelCallTimeout = "60s";

    /// <summary>spec.reliability.toolCall.timeout.</summary>
    public const string ToolCallTimeout = "15s";

    /// <summary><c>spec.reliability.toolCall.eventTimeout</c>. MCP servers keep silent streams open by a word every 15 s or so.</summary>
    public const string ToolEventTimeout = "60s";

    /// <summary>reliability.sideEffects.window.</summary>
    public const string SideEffectWindow = "24h";

    /// <summary>reliability.refusal.statusCode.</summary>
    public const int RefusalStatus = 422;

    /// <summary>spec.reliability.circuitBreaker.failurePercent.</summary>
    public const int CircuitFailurePercent = 50;

    /// <summary>spec.reliability.circuitBreaker.minimumCalls.</summary>
    public const int CircuitMinimumCalls = 20;

    /// <summary>spec.reliability.circuitBreaker.openFor.</summary>
    public const string CircuitOpenFor = "30s";

    /// <summary>spec.reliability.circuitBreaker.window.</summary>
    public const string CircuitWindow = "60s";

    /// <summary>spec.guardrails.tools.stopAfter.</summary>
    public const int StopAfter = 3;

    /// <summary>The part of a context window that stays free, percent.</summary>
    public const int ContextReservePercent = 5;

    /// <summary>spec.guardrails.models.maxOutputTokens.</summary>
    public const int MaxOutputTokens = 4096;

    /// <summary>EvalSuite spec.builtin.path.</summary>
    public const string BuiltinPath = "/v1/chat/completions";

    /// <summary>EvalSuite spec.builtin.parallelism.</summary>
    public const int BuiltinParallelism = EvalDefaults.Parallelism;

    /// <summary>EvalSuite spec.builtin.caseTimeout.</summary>
    public const string BuiltinCaseTimeout = EvalDefaults.CaseTimeout;

    /// <summary>EvalSuite spec.builtin.judge.maxCost, USD.</summary>
    public const string JudgeMaxCost = "1.00";

    /// <summary>EvalSuite spec.attempts.</summary>
    public const int EvalAttempts = 3;

    /// <summary>EvalSuite spec.job.path.</summary>
    public const string JobPath = "/";

    /// <summary>EvalSuite spec.job.resultsFile.</summary>
    public const string JobResultsFile = "results.json";
}
