using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>What a process held in one window when it last wrote it down.</summary>
internal readonly record struct JournalRecord(
    string Holder,
    string? Window,
    Amount Granted,
    Amount Settled,
    Amount Unproven,
    Amount Returned,
    Amount Reserved
)
{
    /// <summary>The report that ends it: what was in flight is not proven unspent.</summary>
    public GrantRequest Closing() =>
        new()
        {
            Holder = Holder,
            Window = Window,
            Settled = Settled,
            Unproven = Unproven + Reserved,
            Returned = Returned,
            Closing = true,
        };
}
