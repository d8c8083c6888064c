namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Evals: a held-out set with graded expectations, run on every revision.</summary>
public static class EvalChecks
{
    /// <summary>Every eval of an agent names the suite that measures it.</summary>
    public static Check SuiteNamed { get; } =
        new(
            "EVL-001",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "Every eval of an agent names the suite that measures it.",
            "Write the name of an EvalSuite."
        );

    /// <summary>The score to reach is a number that a score can reach.</summary>
    public static Check MinScore { get; } =
        new(
            "EVL-002",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "The score to reach is a number that a score can reach.",
            "Write a decimal string from \"0\" to \"1\", for example \"0.90\"."
        );

    /// <summary>The confidence of the verdict is at least one half and not certainty, which no number of cases gives.</summary>
    public static Check Confidence { get; } =
        new(
            "EVL-003",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "The confidence of the verdict is at least one half and not certainty, which no number of cases gives.",
            "Write a decimal string from \"0.5\" up to but without \"1\", for example \"0.95\"."
        );

    /// <summary>A verdict needs at least one case.</summary>
    public static Check MinCases { get; } =
        new("EVL-004", Part.Evals, Severity.High, Evidence.Rule, "A verdict needs at least one case.", "Write a number of at least 1.");

    /// <summary>The allowed regression is a difference of two scores.</summary>
    public static Check MaxRegression { get; } =
        new(
            "EVL-005",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "The allowed regression is a difference of two scores.",
            "Write a decimal string from \"0\" to \"1\", for example \"0.02\"."
        );

    /// <summary>An open verdict is repeated a bounded number of times, over which its error is split.</summary>
    public static Check Repeats { get; } =
        new(
            "EVL-006",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "An open verdict is repeated a bounded number of times, over which its error is split.",
            "Write min and max from 1 to 20, and min not above max."
        );

    /// <summary>What serves is measured again at an interval that a run can keep.</summary>
    public static Check Reevaluation { get; } =
        new(
            "EVL-007",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "What serves is measured again at an interval that a run can keep.",
            "Write a duration of at least 1m."
        );

    /// <summary>An eval run has a cap that is an amount.</summary>
    public static Check MaxCost { get; } =
        new(
            "EVL-008",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "An eval run has a cap that is an amount.",
            "Write an amount of US dollars as a decimal string, for example \"5.00\"."
        );

    /// <summary>An eval run that hangs ends.</summary>
    public static Check Deadline { get; } =
        new("EVL-009", Part.Evals, Severity.High, Evidence.Rule, "An eval run that hangs ends.", "Write a duration of at least 1s.");

    /// <summary>A suite is run in exactly one way.</summary>
    public static Check SuiteKind { get; } =
        new(
            "EVL-010",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "A suite is run in exactly one way.",
            "Keep one of builtin, job and external."
        );

    /// <summary>A run that could not be measured is tried again a bounded number of times.</summary>
    public static Check SuiteAttempts { get; } =
        new(
            "EVL-011",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "A run that could not be measured is tried again a bounded number of times.",
            "Write a number from 1 to 10."
        );

    /// <summary>The cases of a builtin suite come from exactly one place.</summary>
    public static Check SuiteCases { get; } =
        new(
            "EVL-012",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "The cases of a builtin suite come from exactly one place.",
            "Keep one of cases and volume."
        );

    /// <summary>The cases are read from within their volume and from nowhere else of the node or pod.</summary>
    public static Check SuiteVolumePath { get; } =
        new(
            "EVL-013",
            Part.Evals,
            Severity.Critical,
            Evidence.Rule,
            "The cases are read from within their volume and from nowhere else of the node or pod.",
            "Write a relative path without \"..\"."
        );

    /// <summary>The author of a suite sets only fields of the runner's pod that give it no rights on the node.</summary>
    public static Check RunnerPodFields { get; } =
        new(
            "EVL-014",
            Part.Evals,
            Severity.Critical,
            Evidence.Rule,
            "The author of a suite sets only fields of the runner's pod that give it no rights on the node.",
            "Remove the field, or use one of those that the message names."
        );

    /// <summary>The judge can be reached by its URL, and the URL holds no credentials.</summary>
    public static Check JudgeUrl { get; } =
        new(
            "EVL-015",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "The judge can be reached by its URL, and the URL holds no credentials.",
            "Write an http or https URL without user, query or fragment."
        );

    /// <summary>The votes of a judge have a majority.</summary>
    public static Check JudgeVotes { get; } =
        new(
            "EVL-016",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "The votes of a judge have a majority.",
            "Write an odd number from 1 to 9."
        );

    /// <summary>What the judge may cost is an amount.</summary>
    public static Check JudgeMaxCost { get; } =
        new(
            "EVL-017",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "What the judge may cost is an amount.",
            "Write an amount of US dollars as a decimal string, for example \"1.00\"."
        );

    /// <summary>The template of a job suite has a runner.</summary>
    public static Check JobContainers { get; } =
        new(
            "EVL-018",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "The template of a job suite has a runner.",
            "List at least one container in spec.job.template.spec.containers."
        );

    /// <summary>The pod of a job suite has what the template of an agent may have, and nothing more of its node.</summary>
    public static Check JobIsolation { get; } =
        new(
            "EVL-019",
            Part.Evals,
            Severity.Critical,
            Evidence.Rule,
            "The pod of a job suite has what the template of an agent may have, and nothing more of its node.",
            "Remove the field that the finding names, or set it to a value that the finding lists."
        );

    /// <summary>The reporter sees when the runner's processes end.</summary>
    public static Check JobProcesses { get; } =
        new(
            "EVL-020",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "The reporter sees when the runner's processes end.",
            "Remove shareProcessNamespace, or set it to true."
        );

    /// <summary>The reporter of a suite's pod is the operator's own: nothing else has its name or its user.</summary>
    public static Check Reporter { get; } =
        new(
            "EVL-021",
            Part.Evals,
            Severity.Critical,
            Evidence.Rule,
            "The reporter of a suite's pod is the operator's own: nothing else has its name or its user.",
            "Choose another name or another runAsUser."
        );

    /// <summary>An external suite says who may submit results.</summary>
    public static Check Submitters { get; } =
        new(
            "EVL-022",
            Part.Evals,
            Severity.Medium,
            Evidence.Rule,
            "An external suite says who may submit results.",
            "List at least one service account."
        );

    /// <summary>Faults that an eval declares can be met, at rates that can be.</summary>
    public static Check Chaos { get; } =
        new(
            "EVL-023",
            Part.Evals,
            Severity.High,
            Evidence.Rule,
            "Faults that an eval declares can be met, at rates that can be.",
            "Name a fault that is listed, an upstream of models or a tool, and percents that sum to at most 100; or leave chaos out."
        );

    internal static IReadOnlyList<Check> All { get; } =
    [
        SuiteNamed,
        MinScore,
        Confidence,
        MinCases,
        MaxRegression,
        Repeats,
        Reevaluation,
        MaxCost,
        Deadline,
        SuiteKind,
        SuiteAttempts,
        SuiteCases,
        SuiteVolumePath,
        RunnerPodFields,
        JudgeUrl,
        JudgeVotes,
        JudgeMaxCost,
        JobContainers,
        JobIsolation,
        JobProcesses,
        Reporter,
        Submitters,
        Chaos,
    ];
}
