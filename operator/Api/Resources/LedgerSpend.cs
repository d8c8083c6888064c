using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// What was spent of a limit, told apart by what caused it. It is for people only and it is a lower bound: spend that a guardrail could
/// not report before it died is missing, and spend of a value that was among the small ones earlier was counted in the rest until then.
/// </summary>
public sealed record LedgerSpend
{
    /// <summary>By model, revision and each declared tag.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<LedgerDimension> By { get; init; } = [];

    /// <summary>The costliest runs that ended, the dearest first.</summary>
    [Items(0, 5), XListType("atomic")]
    public IReadOnlyList<LedgerRun> Runs { get; init; } = [];

    /// <summary>Costs of single calls: a sketch with a relative accuracy of 5 %, as "max=COST BUCKET:COUNT …".</summary>
    [Length(1, CostSketch.MaxText)]
    public string? PerCall { get; init; }

    /// <summary>Costs of runs that ended: a sketch, too.</summary>
    [Length(1, CostSketch.MaxText)]
    public string? PerRun { get; init; }
}

/// <summary>Spend by the values of one dimension.</summary>
public sealed record LedgerDimension
{
    /// <summary>model, revision or a tag.</summary>
    [Required, Length(1, 32)]
    public string Name { get; init; } = string.Empty;

    /// <summary>The costliest values, the dearest first, and the rest as "(other)".</summary>
    [Items(0, 11), XListType("atomic")]
    public IReadOnlyList<LedgerValue> Values { get; init; } = [];
}

/// <summary>Spend by one value.</summary>
public sealed record LedgerValue
{
    /// <summary>The value.</summary>
    [Required, Length(1, 128)]
    public string Value { get; init; } = string.Empty;

    /// <summary>Settled plus unproven spend, USD.</summary>
    [Required, Pattern(Amount.Pattern)]
    public Money Cost { get; init; }

    /// <summary>Calls that it was booked for.</summary>
    [Required]
    public long Calls { get; init; }
}

/// <summary>A run that ended.</summary>
public sealed record LedgerRun
{
    /// <summary>Its ID.</summary>
    [Required, Length(1, 64)]
    public string Id { get; init; } = string.Empty;

    /// <summary>What it cost, USD.</summary>
    [Required, Pattern(Amount.Pattern)]
    public Money Cost { get; init; }
}
