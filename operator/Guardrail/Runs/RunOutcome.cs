namespace AgentReadiness.Guardrail.Runs;

/// <summary>How a run ended, where the agent declares how it refuses.</summary>
internal enum RunOutcome
{
    /// <summary>The agent does not declare how it refuses.</summary>
    Undeclared,

    /// <summary>The agent answered, and its answer is not a refusal.</summary>
    Answered,

    /// <summary>The agent refused as it declares.</summary>
    Refused,

    /// <summary>Calls failed in a row, and the client got the declared refusal instead of what the agent made of it.</summary>
    CannotAnswer,

    /// <summary>Calls failed in a row, and the client got the agent's answer all the same: nothing was to be replaced any more.</summary>
    AnsweredAfterFailures,

    /// <summary>An answer with success that nobody looked into: a stream, one that is encoded, or one that is too long.</summary>
    Unread,

    /// <summary>An error that is no declared refusal.</summary>
    Failed,
}

/// <summary>The words of outcomes, in headers, metrics and logs.</summary>
internal static class RunOutcomes
{
    /// <summary>The word.</summary>
    public static string Word(this RunOutcome outcome) =>
        outcome switch
        {
            RunOutcome.Answered => "answered",
            RunOutcome.Refused => "refused",
            RunOutcome.CannotAnswer => "cannot_answer",
            RunOutcome.AnsweredAfterFailures => "answered_after_failures",
            RunOutcome.Unread => "unread",
            RunOutcome.Failed => "failed",
            _ => "undeclared",
        };
}
