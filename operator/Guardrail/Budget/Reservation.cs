using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>Money set aside for one call, in the window that granted it.</summary>
internal sealed class Reservation
{
    internal Reservation(GrantWindow window, Amount amount) => (Window, Amount) = (window, amount);

    /// <summary>The most that the call can cost and use.</summary>
    public Amount Amount { get; }

    internal GrantWindow Window { get; }

    internal bool Over { get; set; }
}
