using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Resources;

/// <summary>A suite and the bar that a revision must clear in it.</summary>
public sealed class EvalRequirement
{
    /// <summary>What tells it from other evals of the agent, where several use one suite. Absent: it goes by its suite's name.</summary>
    [Length(1, 40), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string? Name { get; set; }

    /// <summary>The EvalSuite. In another namespace, it must allow this one.</summary>
    [Required]
    public NamespacedReference Suite { get; set; } = new();

    /// <summary>The score, from 0 to 1, that the one-sided lower bound of the pass rate must reach, as a decimal string.</summary>
    [Required, Pattern(@"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
    public string MinScore { get; set; } = string.Empty;

    /// <summary>The confidence of the bound, from 0.5 up to but without 1, as a decimal string.</summary>
    [DefaultJson("\"0.95\""), Pattern(@"^0\.[5-9][0-9]{0,5}$")]
    public string? Confidence { get; set; }

    /// <summary>Fewer cases than this prove nothing: Inconclusive.</summary>
    [DefaultJson("10"), Range(1, 100000)]
    public int? MinCases { get; set; }

    /// <summary>
    /// How far the score may fall below that of the serving revision, from 0 to 1 as a decimal string, over the cases that both were
    /// measured with. A larger drop that is significant at the confidence blocks. Absent: no comparison.
    /// </summary>
    [Pattern(@"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
    public string? MaxRegression { get; set; }

    /// <summary>How often each case is measured. Repeats make a case's score more exact; the number of cases stays what it is.</summary>
    public EvalRepeats? Repeats { get; set; }

    /// <summary>
    /// How long a verdict on the serving revision is taken for current, as a duration such as "24h". After that the suite is run on
    /// it again, on pods of its own; a worse result is reported and changes nothing that serves. Absent: never.
    /// </summary>
    [Pattern(GoDuration.Pattern)]
    public string? ReevaluateEvery { get; set; }

    /// <summary>Every case with one of these tags must pass.</summary>
    [Items(0, 16), Length(1, 63), XListType("set")]
    public List<string> CriticalTags { get; set; } = [];

    /// <summary>
    /// What the evaluation of one revision by this suite may cost, in USD as a decimal string. It takes nothing from the agent's windows:
    /// all evaluations of the agent together have the same windows once more.
    /// </summary>
    [DefaultJson("\"5.00\""), Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }

    /// <summary>How long one run may take, as a duration such as "30m".</summary>
    [DefaultJson("\"30m\""), Pattern(GoDuration.Pattern)]
    public string? Deadline { get; set; }

    /// <summary>
    /// Faults that the candidate meets while this suite is run on it: what happens when something does not work is then measured as
    /// everything else. Only with a builtin suite. A part of the bar: other faults make another measurement. Absent: none.
    /// </summary>
    public ChaosSpec? Chaos { get; set; }
}

/// <summary>How often each case of a suite is measured.</summary>
[ValidationRule("self.min <= self.max", "min must not be above max")]
public sealed record EvalRepeats
{
    /// <summary>At least so often.</summary>
    [DefaultJson("1"), Range(1, 20)]
    public int? Min { get; init; }

    /// <summary>At most so often, while the verdict is open; the error of the verdict is split over the looks at it.</summary>
    [DefaultJson("1"), Range(1, 20)]
    public int? Max { get; init; }
}
