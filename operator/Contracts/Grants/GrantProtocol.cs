namespace AgentReadiness.Contracts.Grants;

/// <summary>
/// How a guardrail obtains money: it POSTs a <see cref="GrantRequest"/> and gets a <see cref="GrantResponse"/>. All amounts are
/// totals since the holder began in this window, and totals only grow; so a message that is lost, repeated or late can be
/// answered or ignored without harm, and no grant needs an identifier of its own. What a holder may spend is
/// granted − settled − unproven − returned, all as the holder knows them. Amounts are dollars and tokens side by side (see
/// <see cref="Amount"/>).
/// </summary>
/// <remarks>
/// A revision keeps the guardrail that it was evaluated with, so the two programs may be of different versions (docs/upgrades.md). Fields
/// that one does not know it ignores; fields that it misses have a value that lets no money go. Who adds a field makes it optional; who
/// adds an outcome sends it only to a guardrail that said that it knows it.
/// </remarks>
public static class GrantProtocol
{
    /// <summary>The path of the endpoint.</summary>
    public const string Path = "/v1/grants";

    /// <summary>The audience of the guardrail's service-account token.</summary>
    public const string Audience = ApiGroup.Name + "/grants";

    /// <summary>The largest message, bytes: mostly what it tells of spend, with values of 64 characters that are all escaped.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>The most overruns in one message.</summary>
    public const int MaxOverruns = 8;

    /// <summary>HTTP status of an answer by a replica that does not lead; the Location header has the leader's address.</summary>
    public const int Misdirected = 421;
}
