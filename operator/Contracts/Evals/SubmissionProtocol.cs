namespace AgentReadiness.Contracts.Evals;

/// <summary>
/// How results of an external suite reach the operator: a POST of the results file to <see cref="Path"/>, with the query parameters
/// suite and agent (namespace/name each) and revision. The answer is JSON: run, verdict, reason, message, score, lower, upper.
/// </summary>
public static class SubmissionProtocol
{
    /// <summary>The path under the operator's endpoint.</summary>
    public const string Path = "/v1/evals/submissions";

    /// <summary>The audience of the caller's service account token.</summary>
    public const string Audience = ApiGroup.Name + "/evals";

    /// <summary>
    /// The header of the token. Not Authorization: the API server, through which the operator's Service is reached from outside of the
    /// cluster, takes that one for itself.
    /// </summary>
    public const string TokenHeader = "X-Agent-Readiness-Token";

    /// <summary>The longest results file, in bytes.</summary>
    public const long MaxBytes = 64L * 1024 * 1024;
}
