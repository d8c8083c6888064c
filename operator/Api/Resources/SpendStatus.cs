using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>One of the values that cost most.</summary>
public sealed record SpendShareStatus
{
    /// <summary>By what it is told apart: model, revision, run, or a tag of spec.budget.attribution.</summary>
    [Required, Length(1, 32)]
    public string By { get; init; } = string.Empty;

    /// <summary>The value; "(none)" where calls had none.</summary>
    [Required, Length(1, 128)]
    public string Value { get; init; } = string.Empty;

    /// <summary>What it cost in the window, in USD, rounded up; a lower bound.</summary>
    [Required, Length(1, 32)]
    public string Spent { get; init; } = "0";

    /// <summary>Its model calls; absent for runs.</summary>
    public long? Calls { get; init; }
}

/// <summary>
/// How costs are distributed. Median and 95th percentile are within 5 % of a cost of that rank; count and maximum are exact.
/// </summary>
public sealed record CostStatistics
{
    /// <summary>How many there were.</summary>
    [Required]
    public long Count { get; init; }

    /// <summary>The median, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string Median { get; init; } = "0";

    /// <summary>The 95th percentile, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string P95 { get; init; } = "0";

    /// <summary>The largest, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string Max { get; init; } = "0";
}
