using System.Threading.RateLimiting;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Whether a refusal is worth a line in the log. One sender that repeats itself gets one line a minute, and all together at most two a
/// second, so that nobody fills the log of the operator from outside.
/// </summary>
internal sealed class RefusalLog : IDisposable
{
    private const int MostAtOnce = 20;

    private readonly PartitionedRateLimiter<string> senders = PartitionedRateLimiter.Create<string, string>(sender =>
        RateLimitPartition.GetTokenBucketLimiter(sender, _ => Bucket(1, TimeSpan.FromMinutes(1), 1))
    );

    private readonly TokenBucketRateLimiter all = new(Bucket(MostAtOnce, TimeSpan.FromSeconds(1), 2));

    /// <summary>True where the line is to be written.</summary>
    /// <param name="sender">The pod or the address that was refused, with the status.</param>
    public bool Admits(string sender)
    {
        // All first: else strangers with ever new addresses would each get a place in memory.
        using var line = all.AttemptAcquire(0);
        if (!line.IsAcquired)
            return false;
        using var own = senders.AttemptAcquire(sender);
        if (!own.IsAcquired)
            return false;
        all.AttemptAcquire().Dispose();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        senders.Dispose();
        all.Dispose();
    }

    private static TokenBucketRateLimiterOptions Bucket(int most, TimeSpan period, int each) =>
        new()
        {
            TokenLimit = most,
            ReplenishmentPeriod = period,
            TokensPerPeriod = each,
            QueueLimit = 0,
            AutoReplenishment = true,
        };
}
