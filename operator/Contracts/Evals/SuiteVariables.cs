namespace AgentReadiness.Contracts.Evals;

/// <summary>
/// The environment variables that the operator sets in the container of a suite that brings its own image. They are public.
/// </summary>
public static class SuiteVariables
{
    /// <summary>The URL of the candidate.</summary>
    public const string AgentUrl = "AGENT_URL";

    /// <summary>The UID of the EvalRun.</summary>
    public const string RunId = "EVAL_RUN_ID";

    /// <summary>The revision that is measured.</summary>
    public const string Revision = "EVAL_REVISION";

    /// <summary>How often each case may be run.</summary>
    public const string Repeats = "EVAL_REPEATS";

    /// <summary>The path at which the operator expects the results file.</summary>
    public const string ResultsPath = "RESULTS_PATH";
}
