namespace AgentReadiness.Contracts.Evals;

/// <summary>The environment variables that the operator sets in a Job of an eval run and that the runner and the reporter read.</summary>
public static class RunnerVariables
{
    /// <summary>The UID of the EvalRun.</summary>
    public const string RunUid = "RUN_UID";

    /// <summary>The path of the cases.</summary>
    public const string CasesFile = "CASES_FILE";

    /// <summary>The SHA-256 of the cases in hex, as the operator read them; not set where it could not read them.</summary>
    public const string CasesDigest = "CASES_SHA256";

    /// <summary>The URL of the candidate that the built-in runner asks.</summary>
    public const string Target = "TARGET";

    /// <summary>How many cases are in flight at once.</summary>
    public const string Parallelism = "PARALLELISM";

    /// <summary>The longest time of one attempt at a case, a Go duration.</summary>
    public const string CaseTimeout = "CASE_TIMEOUT";

    /// <summary>The tags of cases that must pass, separated by commas.</summary>
    public const string CriticalTags = "CRITICAL_TAGS";

    /// <summary>The lowest score that passes, 0 to 1.</summary>
    public const string MinScore = "MIN_SCORE";

    /// <summary>The confidence of the bounds, 0.5 to 0.999999.</summary>
    public const string Confidence = "CONFIDENCE";

    /// <summary>The least number of cases that can decide.</summary>
    public const string MinCases = "MIN_CASES";

    /// <summary>How often each case is run at least.</summary>
    public const string RepeatsMin = "REPEATS_MIN";

    /// <summary>How often each case is run at most, while the verdict is open.</summary>
    public const string RepeatsMax = "REPEATS_MAX";

    /// <summary>The base URL of the API of the model that judges; not set where none does.</summary>
    public const string JudgeUrl = "JUDGE_URL";

    /// <summary>The name of the model that judges.</summary>
    public const string JudgeModel = "JUDGE_MODEL";

    /// <summary>How many votes the judge casts on a case, an odd number.</summary>
    public const string JudgeVotes = "JUDGE_VOTES";

    /// <summary>The HTTP status with which the agent declares a refusal, 400 to 499.</summary>
    public const string RefusalStatus = "REFUSAL_STATUS";

    /// <summary>The text with which the agent declares a refusal.</summary>
    public const string RefusalText = "REFUSAL_TEXT";

    /// <summary>
    /// The ID of the plan of chaos that each case is to be run under; not set where there is none.
    /// </summary>
    public const string ChaosPlan = "CHAOS_PLAN";

    /// <summary>The path of the results file, which the runner writes and the reporter reads.</summary>
    public const string ResultsPath = "RESULTS_PATH";

    /// <summary>The URL that ends the judge's guardrail when the report is written.</summary>
    public const string GuardrailQuit = "GUARDRAIL_QUIT";

    /// <summary>The path of the termination message, where it is not the default of Kubernetes.</summary>
    public const string TerminationMessagePath = "TERMINATION_MESSAGE_PATH";
}
