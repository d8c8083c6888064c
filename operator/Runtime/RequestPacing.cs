namespace AgentReadiness.Runtime;

/// <summary>How fast a client may ask the API server. Requests for Leases never wait: a busy leader must not lose its Lease.</summary>
public sealed record RequestPacing
{
    /// <summary>Requests per second in the long run; 50 where not set.</summary>
    public double RequestsPerSecond { get; init; } = 50;

    /// <summary>Requests that may go at once after a quiet time; 100 where not set.</summary>
    public int Burst { get; init; } = 100;
}
