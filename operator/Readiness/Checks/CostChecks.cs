namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Cost: cost is measured, alerted on and capped.</summary>
public static class CostChecks
{
    /// <summary>A budget that is declared does something.</summary>
    public static Check EmptyBudget { get; } =
        new(
            "COS-001",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "A budget that is declared does something.",
            "Declare windows, sharedBudgets, perCall, perRun, perPod or attribution, or remove the budget."
        );

    /// <summary>An acknowledgement says which overrun it means, up to when, and why.</summary>
    public static Check AcknowledgedOverrun { get; } =
        new(
            "COS-002",
            Part.Cost,
            Severity.Medium,
            Evidence.Rule,
            "An acknowledgement says which overrun it means, up to when, and why.",
            "Write rule, before and reason."
        );

    /// <summary>The most that one model call may cost is an amount.</summary>
    public static Check CallCap { get; } =
        new(
            "COS-003",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "The most that one model call may cost is an amount.",
            "Write an amount of US dollars as a decimal string, for example \"0.10\"."
        );

    /// <summary>The most that one run may cost is an amount of money or of tokens.</summary>
    public static Check RunCap { get; } =
        new(
            "COS-004",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "The most that one run may cost is an amount of money or of tokens.",
            "Write an amount of US dollars as a decimal string, or a number of tokens within the bounds."
        );

    /// <summary>A pod's limits per minute are numbers that it can keep.</summary>
    public static Check RateLimit { get; } =
        new(
            "COS-005",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "A pod's limits per minute are numbers that it can keep.",
            "Write numbers within the bounds that the message names."
        );

    /// <summary>The most output tokens that one call may ask for is a number that bounds its cost.</summary>
    public static Check OutputLimit { get; } =
        new(
            "COS-006",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "The most output tokens that one call may ask for is a number that bounds its cost.",
            "Write a number from 1 to 1000000."
        );

    /// <summary>Windows begin and end at a time that is known.</summary>
    public static Check TimeZone { get; } =
        new(
            "COS-007",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "Windows begin and end at a time that is known.",
            "Write an IANA name that the operator's time zone database has, for example \"Europe/Berlin\"."
        );

    /// <summary>A shared budget limits something.</summary>
    public static Check SharedWindows { get; } =
        new("COS-008", Part.Cost, Severity.High, Evidence.Rule, "A shared budget limits something.", "List at least one window.");

    /// <summary>Every window has a cap in money or in tokens that can be kept.</summary>
    public static Check WindowCap { get; } =
        new(
            "COS-009",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "Every window has a cap in money or in tokens that can be kept.",
            "Write maxCost as a decimal string, or maxTokens, or both."
        );

    /// <summary>Every period has one window, so that its cap is one number.</summary>
    public static Check WindowPeriods { get; } =
        new(
            "COS-010",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "Every period has one window, so that its cap is one number.",
            "List each period once."
        );

    /// <summary>Alerts come in the order in which spend reaches them.</summary>
    public static Check Alerts { get; } =
        new(
            "COS-011",
            Part.Cost,
            Severity.Medium,
            Evidence.Rule,
            "Alerts come in the order in which spend reaches them.",
            "List at most 8 percentages from 1 to 100, ascending."
        );

    /// <summary>The number of pods after exhaustion is one that the operator can set.</summary>
    public static Check ScaleDown { get; } =
        new(
            "COS-012",
            Part.Cost,
            Severity.Medium,
            Evidence.Rule,
            "The number of pods after exhaustion is one that the operator can set.",
            "Write a number from 0 to 1000."
        );

    /// <summary>A raise of a cap says which cap, to what, until when, why, and for whom.</summary>
    public static Check Raise { get; } =
        new(
            "COS-013",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "A raise of a cap says which cap, to what, until when, why, and for whom.",
            "Write period, maxCost or maxTokens, expiresAt, reason and requestedBy."
        );

    /// <summary>A write-off of unproven spend says of which window, how much, why, and for whom.</summary>
    public static Check WriteOff { get; } =
        new(
            "COS-014",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "A write-off of unproven spend says of which window, how much, why, and for whom.",
            "Write window, maxCost, reason and requestedBy."
        );

    /// <summary>The share of a shared budget that evaluations may use is a part of it.</summary>
    public static Check EvaluationShare { get; } =
        new(
            "COS-015",
            Part.Cost,
            Severity.High,
            Evidence.Rule,
            "The share of a shared budget that evaluations may use is a part of it.",
            "Write a whole number of percent from 1 to 100, or leave evaluations out."
        );

    internal static IReadOnlyList<Check> All { get; } =
    [
        EmptyBudget,
        AcknowledgedOverrun,
        CallCap,
        RunCap,
        RateLimit,
        OutputLimit,
        TimeZone,
        SharedWindows,
        WindowCap,
        WindowPeriods,
        Alerts,
        ScaleDown,
        Raise,
        WriteOff,
        EvaluationShare,
    ];
}
