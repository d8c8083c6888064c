using System.Text.Json.Serialization;

namespace AgentReadiness.Api.Guardrail;

/// <summary>
/// How a guardrail obtains money: it POSTs a <see cref="GrantRequest"/> and gets a <see cref="GrantResponse"/>. All amounts are
/// totals since the holder began in this window, and totals only grow; so a message that is lost, repeated or late can be
/// answered or ignored without harm, and no grant needs an identifier of its own. What a holder may spend is
/// granted − settled − unproven − returned, all as the holder knows them. Amounts are dollars and tokens side by side (see
/// <see cref="Amount"/>).
/// </summary>
public static class GrantProtocol
{
    /// <summary>The path of the endpoint.</summary>
    public const string Path = "/v1/grants";

    /// <summary>The audience of the guardrail's service-account token.</summary>
    public const string Audience = "agentreadiness.dev/grants";

    /// <summary>The largest message, bytes: mostly what it tells of spend, with values of 64 characters that are all escaped.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>The most overruns in one message.</summary>
    public const int MaxOverruns = 8;

    /// <summary>HTTP status of an answer by a replica that does not lead; the Location header has the leader's address.</summary>
    public const int Misdirected = 421;
}

/// <summary>What a holder (one guardrail process in one window, or an account in a shared budget) reports and asks for.</summary>
public sealed class GrantRequest
{
    /// <summary>
    /// Random ID of the guardrail process, 16 to 64 of [a-z0-9]. A new process has a new one: what the old one held and did not close is
    /// unproven.
    /// </summary>
    public required string Holder { get; init; }

    /// <summary>The window that the totals belong to, as the last answer named it; null before the first answer.</summary>
    public string? Window { get; init; }

    /// <summary>Total proven spend.</summary>
    public Amount Settled { get; init; }

    /// <summary>Total that counts as spent because it is not proven unspent.</summary>
    public Amount Unproven { get; init; }

    /// <summary>Total given back: no call may use it any more.</summary>
    public Amount Returned { get; init; }

    /// <summary>
    /// The smallest total grant that lets the waiting call go (settled + unproven + returned + reserved + the call's reservation).
    /// Null for a mere report.
    /// </summary>
    public Amount? WantTotal { get; init; }

    /// <summary>The waiting call's own reservation; with <see cref="WantTotal"/>.</summary>
    public Amount? Call { get; init; }

    /// <summary>
    /// What other calls of the sender wait for at this moment, beside <see cref="WantTotal"/>: granted too where it fits, so that many
    /// calls cost one message.
    /// </summary>
    public Amount? Also { get; init; }

    /// <summary>Total of the reservations now in flight: this part cannot be returned yet.</summary>
    public Amount Reserved { get; init; }

    /// <summary>
    /// Overruns that this process saw, the last one of each price rule: at most <see cref="GrantProtocol.MaxOverruns"/>. Repeated with each
    /// message until an answer no longer refuses the rule.
    /// </summary>
    public IReadOnlyList<OverrunReport> Overruns { get; set; } = [];

    /// <summary>
    /// What was booked in the window, told apart, as far as it is not acknowledged: at most <see cref="SpendBounds.MaxBatches"/> batches.
    /// </summary>
    public IReadOnlyList<SpendBatch> Spend { get; set; } = [];

    /// <summary>
    /// The holder spends nothing more in this window: the difference between granted and spent is free again. Sent once nothing is
    /// reserved.
    /// </summary>
    public bool Closing { get; init; }
}

/// <summary>A call that cost more than its upper bound.</summary>
public sealed record OverrunReport
{
    /// <summary>The price rule's ID.</summary>
    public required string Rule { get; init; }

    /// <summary>The model, as the agent named it.</summary>
    public required string Model { get; init; }

    /// <summary>What was booked, USD.</summary>
    public Money Cost { get; init; }

    /// <summary>What had been reserved, USD.</summary>
    public Money Reserved { get; init; }

    /// <summary>Why the bound did not hold.</summary>
    public required string Why { get; init; }

    /// <summary>When, in whole seconds.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>A price rule whose models are refused.</summary>
public sealed record RefusedRule
{
    /// <summary>The price rule's ID.</summary>
    public required string Rule { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }
}

/// <summary>The operator's answer, given only after the ledger holds it.</summary>
public sealed class GrantResponse
{
    /// <summary>What became of the request.</summary>
    public required GrantOutcome Outcome { get; init; }

    /// <summary>
    /// The window now open; where it differs from the request's, the holder starts new totals in it and closes the old ones.
    /// </summary>
    public required string Window { get; init; }

    /// <summary>When the window ends: from then on its money must not be used for new calls.</summary>
    public required DateTimeOffset WindowEnds { get; init; }

    /// <summary>Total granted to this holder in the request's window. Zero where the window is unknown or over.</summary>
    public Amount Granted { get; init; }

    /// <summary>The budget's name for messages, for example "day".</summary>
    public string? Budget { get; init; }

    /// <summary>The cap in force, USD.</summary>
    public Money Cap { get; init; }

    /// <summary>Settled plus unproven of all holders, USD.</summary>
    public Money Spent { get; init; }

    /// <summary>The cap on tokens; null where there is none.</summary>
    public long? CapTokens { get; init; }

    /// <summary>Settled plus unproven tokens of all holders.</summary>
    public long SpentTokens { get; init; }

    /// <summary>Price rules whose models no pod of the account may call, because of an overrun that nobody has acknowledged.</summary>
    public IReadOnlyList<RefusedRule> Refused { get; init; } = [];

    /// <summary>
    /// The last batch of <see cref="GrantRequest.Spend"/> that is written in the ledger for the request's window: it need not be repeated.
    /// </summary>
    public long Noted { get; init; }

    /// <summary>Somebody waits for money: return what is not reserved.</summary>
    public bool Reclaim { get; init; }
}

/// <summary>What became of a <see cref="GrantRequest"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GrantOutcome>))]
public enum GrantOutcome
{
    /// <summary>The report is booked, and what was wanted, if anything, is granted.</summary>
    Granted,

    /// <summary>The call fits the cap, but others hold the money: try again until the wait is over, then answer 429.</summary>
    Held,

    /// <summary>The call does not fit what is left of the cap by settled and unproven spend alone: answer 402.</summary>
    Exhausted,

    /// <summary>
    /// The request's window is over or unknown: its totals were booked if it was known; start new totals in the window of this answer.
    /// </summary>
    WindowOver,

    /// <summary>The holder is closed or was replaced by a newer process of the same pod: it must not spend.</summary>
    HolderClosed,

    /// <summary>The agent has no budget window any more: count, and refuse nothing.</summary>
    Unlimited,
}
