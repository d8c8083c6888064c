namespace AgentReadiness.Evals.Readers;

/// <summary>
/// The words by which tools say how a case ended. The list is closed: a word that is not in it has no outcome, and a case that it is
/// said of is errored.
/// </summary>
internal static class StatusWords
{
    private static readonly HashSet<string> Passed = Set("pass", "passed", "ok", "success", "successful", "succeeded", "run", "completed");

    private static readonly HashSet<string> Failed = Set("fail", "failed", "failure");

    private static readonly HashSet<string> Errored = Set("error", "errored", "broken");

    // Chosen not to be run before it began: tools count some of them as disabled and not as skipped.
    private static readonly HashSet<string> Disabled = Set("notrun", "disabled", "suppressed", "pending");

    private static readonly HashSet<string> Skipped = Set("skip", "skipped", "ignored");

    // Names of attributes and members that tell an outcome in a word. A number or a truth is none: a status of 1 is mostly a failure.
    private static readonly HashSet<string> Naming = Set("status", "state", "result", "outcome", "verdict", "conclusion");

    // Names of those that are true, or a word, where all is well.
    private static readonly HashSet<string> Saying = Set(
        "success",
        "succeeded",
        "successful",
        "pass",
        "passed",
        "passing",
        "ok",
        "executed",
        "ran",
        "run",
        "complete",
        "completed",
        "finished",
        "valid"
    );

    private static readonly HashSet<string> Denying = Set(
        "fail",
        "fails",
        "failed",
        "failing",
        "failure",
        "failures",
        "error",
        "errors",
        "errored",
        "exception",
        "exitcode",
        "returncode",
        "crash",
        "crashed",
        "skip",
        "skipped",
        "ignore",
        "ignored",
        "disabled",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "interrupted",
        "timeout",
        "timedout",
        "pending",
        "todo",
        "notrun",
        "inconclusive",
        "incomplete",
        "invalid",
        "invalidated",
        "broken",
        "flaky"
    );

    private static readonly HashSet<string> Filling = Set("test", "case", "is", "was", "has", "final", "overall");

    // Beside a word that something went wrong they say more of it: "error-message", "failureReason".
    private static readonly HashSet<string> Telling = Set(
        "cause",
        "class",
        "code",
        "description",
        "detail",
        "details",
        "info",
        "kind",
        "message",
        "messages",
        "msg",
        "reason",
        "stack",
        "stacktrace",
        "text",
        "trace",
        "traceback",
        "type"
    );

    private static readonly HashSet<string> Yes = Set("true", "yes", "1");

    private static readonly HashSet<string> No = Set("false", "no", "0", "none", "null", string.Empty);

    /// <summary>The outcome that a word says; null where it is not in the list. Upper and lower case are alike.</summary>
    public static CaseOutcome? Of(string? word)
    {
        var said = word?.Trim() ?? string.Empty;
        return Passed.Contains(said) ? CaseOutcome.Passed
            : Failed.Contains(said) ? CaseOutcome.Failed
            : Errored.Contains(said) ? CaseOutcome.Errored
            : Skipped.Contains(said) || Disabled.Contains(said) ? CaseOutcome.Skipped
            : null;
    }

    /// <summary>Whether a word says that the case was never to be run.</summary>
    public static bool IsDisabled(string? word) => Disabled.Contains(word?.Trim() ?? string.Empty);

    /// <summary>
    /// Whether an attribute or member of this name tells how the case ended: "status", "isSuccess", "test-result", "aborted".
    /// </summary>
    public static bool TellsOutcome(string name) =>
        Core(name) is { } core && (Naming.Contains(core) || Saying.Contains(core) || Denying.Contains(core));

    /// <summary>Whether a name says that something went wrong, as "failure" and "isAborted" do.</summary>
    public static bool IsDenial(string name) => Core(name) is { } core && Denying.Contains(core);

    /// <summary>Whether a name can be that of a truth or a count, as "passed" is and "status" is not.</summary>
    public static bool CanCount(string name) => Core(name) is { } core && !Naming.Contains(core);

    /// <summary>
    /// What an attribute or member whose name tells an outcome says by its value: passed, or an outcome, or null for what is not
    /// understood. "failed" is false, and a value that is empty, say no more than nothing: <see cref="CaseOutcome.Passed"/> here.
    /// </summary>
    public static CaseOutcome? Said(string name, string value)
    {
        var said = value.Trim();
        var core = Core(name);
        if (core is not null && Denying.Contains(core))
            return No.Contains(said) ? CaseOutcome.Passed
                : Yes.Contains(said)
                    ? Of(core) switch
                    {
                        null or CaseOutcome.Passed => null,
                        var outcome => outcome,
                    }
                : null;
        if (said.Length == 0)
            return CaseOutcome.Passed;
        if (Of(said) is not null || core is null || Naming.Contains(core))
            return Of(said);
        return Yes.Contains(said) ? CaseOutcome.Passed
            : No.Contains(said) && Of(core) == CaseOutcome.Passed && core is not ("run" or "completed") ? CaseOutcome.Failed
            : null;
    }

    /// <summary>
    /// The outcome that a count of this name counts: of "failed" it is failed, of "passed" passed; null where it is another one.
    /// </summary>
    public static CaseOutcome? Counted(string name) => Core(name) is not { } core ? null : Of(core) ?? Of(core.TrimEnd('s', 'S'));

    /// <summary>Whether a grader's reason is that there was nothing to grade: its pass is none.</summary>
    public static bool IsNotApplicable(string reason)
    {
        var said = reason.Trim().TrimEnd('.').Replace('_', ' ');
        return said.Contains("not applicable", StringComparison.OrdinalIgnoreCase)
            || said.Equals("n/a", StringComparison.OrdinalIgnoreCase)
            || said.Equals("na", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The last word of a name, in lower case: of "rel_RESULT" and "relResult" it is "result"; empty where there is none.
    /// </summary>
    public static string LastWord(string name)
    {
        var end = name.Length;
        while (end > 0 && !char.IsLetter(name[end - 1]))
            end--;
        var start = end;
        while (start > 0 && char.IsLetter(name[start - 1]) && !(start < end && char.IsUpper(name[start]) && !char.IsUpper(name[start - 1])))
            start--;
        return name[start..end].ToLowerInvariant();
    }

    // The one word of a name that says something: of "isTestPassed" it is "passed", of "error_message" it is "error". Null where several
    // do, as in "passed_checks". What stands before a colon is a prefix of XML.
    private static string? Core(string name)
    {
        var parts = Parts(name[(name.LastIndexOf(':') + 1)..]);
        return parts.Count == 1 ? parts[0]
            : parts is ["exit" or "return", "code"] ? parts[0] + parts[1]
            : parts.FindAll(part => !Telling.Contains(part)) is [var denial] && Denying.Contains(denial) ? denial
            : null;
    }

    private static List<string> Parts(string name)
    {
        List<string> parts = [];
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            var ends = i == name.Length || !char.IsLetter(name[i]) || (i > start && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]));
            if (!ends)
                continue;
            var part = name[start..i].ToLowerInvariant();
            start = i < name.Length && char.IsLetter(name[i]) ? i : i + 1;
            if (part.Length > 0 && !Filling.Contains(part))
                parts.Add(part);
        }
        return parts;
    }

    private static HashSet<string> Set(params string[] words) => new(words, StringComparer.OrdinalIgnoreCase);
}
