using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A reason to refuse a call before it claims anything. Pure: it looks at what is known of the call, and at nothing else.
/// </summary>
internal interface ICallCheck
{
    /// <summary>Its stable ID, which stands in logs.</summary>
    string Id { get; }

    /// <summary>The kinds of calls that it looks at.</summary>
    CallKind Kinds { get; }

    /// <summary>
    /// The limit of the agent's budget that it enforces, under its stable name: where limits are only observed, it refuses nothing. Null:
    /// it always refuses.
    /// </summary>
    string? Limit => null;

    /// <summary>The refusal, or null where the call may pass.</summary>
    ApiError? Find(CallContext call);
}
