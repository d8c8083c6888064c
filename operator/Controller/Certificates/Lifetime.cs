namespace AgentReadiness.Controller.Certificates;

/// <summary>When a certificate was made and when it ends.</summary>
/// <param name="From">When it was made.</param>
/// <param name="To">When it ends.</param>
public sealed record Lifetime(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>When it is time for the next one: a third of the life is left for whatever keeps it from coming.</summary>
    public DateTimeOffset Due => From + ((To - From) * 2 / 3);
}
