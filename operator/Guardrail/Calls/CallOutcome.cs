using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>How one attempt of a call ended. One that is not billed is always "zero".</summary>
/// <param name="Name">settled, zero, unproven or pending.</param>
/// <param name="Cost">What it cost, USD; null where that is not proven, so that the whole reservation counts.</param>
/// <param name="Status">The status that the provider answered, 0 without an answer.</param>
/// <param name="Facts">What the answer said.</param>
internal sealed record CallOutcome(string Name, Money? Cost, int Status, ResponseFacts? Facts)
{
    private const string Nothing = "zero";

    /// <summary>Why the bound did not hold, where it did not.</summary>
    public string? Overrun { get; init; }

    /// <summary>The agent has seen nothing yet, and another attempt may follow.</summary>
    public bool MayRetry { get; init; }

    /// <summary>The agent has seen nothing yet, and another upstream may not fail in this way; null: it would.</summary>
    public FallbackReason? FallsBack { get; init; }

    /// <summary>How long the provider asks to wait before another attempt.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Answers the agent with this attempt's failure, where no other attempt follows.</summary>
    public ApiError? Error { get; init; }

    /// <summary>The provider goes on in the background, under this ID.</summary>
    public string? PendingId { get; init; }

    /// <summary>The provider cannot have billed anything: such an attempt is no call as far as cost is told apart.</summary>
    public bool IsFree => Name == Nothing;

    /// <summary>The provider cannot have billed anything.</summary>
    public static CallOutcome Zero(int status) => new(Nothing, Money.Zero, status, null);

    /// <summary>The provider goes on in the background, and what it costs is not known yet.</summary>
    public static CallOutcome Pending(string id, int status, ResponseFacts facts) => new("pending", null, status, facts) { PendingId = id };

    /// <summary>The provider may have billed up to the reservation.</summary>
    public static CallOutcome Unproven(int status, ResponseFacts? facts) => new("unproven", null, status, facts);
}
