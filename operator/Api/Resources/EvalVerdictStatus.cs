using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Api.Resources;

/// <summary>The verdict of a suite on a revision.</summary>
public sealed record EvalVerdictStatus
{
    /// <summary>The suite, as namespace/name.</summary>
    [Required, Length(1, 320)]
    public string Suite { get; init; } = string.Empty;

    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The eval's name, where it has one.</summary>
    [Length(1, 253)]
    public string? Eval { get; init; }

    /// <summary>It is run under chaos, as spec.evals[].chaos declares. Absent: it is not.</summary>
    public bool? Chaos { get; init; }

    /// <summary>The EvalRun's name, in the suite's namespace; absent until there is one.</summary>
    [Length(1, 253)]
    public string? Run { get; init; }

    /// <summary>Where the run stands or how it ended.</summary>
    [Required]
    public EvalPhase Phase { get; init; }

    /// <summary>The share of cases that passed, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Score { get; init; }

    /// <summary>The one-sided lower bound of the pass rate, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Lower { get; init; }

    /// <summary>The threshold, as declared.</summary>
    [Length(0, 16)]
    public string? MinScore { get; init; }

    /// <summary>Cases in the suite.</summary>
    public int? Cases { get; init; }

    /// <summary>IDs of cases that failed, the first few.</summary>
    [Items(0, 20), Length(1, 128), XListType("atomic")]
    public IReadOnlyList<string> Failing { get; init; } = [];

    /// <summary>Why, for people.</summary>
    [Length(0, 2048)]
    public string? Message { get; init; }
}

/// <summary>A verdict in the history of scores.</summary>
public sealed record ScoreEntry
{
    /// <summary>The suite, as namespace/name.</summary>
    [Required, Length(1, 320)]
    public string Suite { get; init; } = string.Empty;

    /// <summary>The eval under chaos; absent: one without.</summary>
    [Length(1, 253)]
    public string? Chaos { get; init; }

    /// <summary>The EvalRun.</summary>
    [Required, Length(1, 253)]
    public string Run { get; init; } = string.Empty;

    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>What the verdict was for.</summary>
    [Required]
    public EvalPurpose Purpose { get; init; }

    /// <summary>When it was reached.</summary>
    [Required]
    public DateTime At { get; init; }

    /// <summary>How the run ended.</summary>
    [Required]
    public EvalPhase Phase { get; init; }

    /// <summary>The mean score, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Score { get; init; }

    /// <summary>The one-sided lower bound, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Lower { get; init; }
}
