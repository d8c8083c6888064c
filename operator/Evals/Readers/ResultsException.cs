namespace AgentReadiness.Evals.Readers;

/// <summary>A results file cannot be used as a whole; the message is for the one who made it.</summary>
internal sealed class ResultsException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>One word of <see cref="EvalReasons"/>.</summary>
    public string Reason { get; } = reason;

    /// <summary>Broken, truncated, or larger than what is read.</summary>
    public static ResultsException Unreadable(string message, Exception? inner = null) =>
        new(EvalReasons.ResultsUnreadable, message, inner);

    /// <summary>The file says something that cannot be: two of its statements contradict each other.</summary>
    public static ResultsException Disagree(string message) => new(EvalReasons.CountsDisagree, message);
}
