using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>A call that waits for money.</summary>
/// <param name="amount">What it has to reserve.</param>
/// <param name="began">Since when it waits.</param>
internal sealed class WaitingCall(Amount amount, DateTimeOffset began)
{
    /// <summary>What it has to reserve.</summary>
    public Amount Amount { get; } = amount;

    /// <summary>Since when it waits.</summary>
    public DateTimeOffset Began { get; } = began;

    /// <summary>Ends the wait.</summary>
    public ITimer? Expiry { get; set; }

    /// <summary>What became of it.</summary>
    public TaskCompletionSource<GrantResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
