namespace AgentReadiness.Controller.Prices;

/// <summary>How the platform's ConfigMap of prices stands.</summary>
/// <param name="Reason">See <see cref="PriceReasons"/>.</param>
/// <param name="Message">For people: what is in force, and what to do.</param>
/// <param name="Uid">The ConfigMap's UID; empty where it is not there.</param>
public sealed record PriceState(string Reason, string Message, string Uid)
{
    /// <summary>Whether somebody must do something.</summary>
    public bool IsWrong => Reason != PriceReasons.Applied;
}
