using System.Threading.RateLimiting;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Logs what was refused. One sender that repeats itself gets one line a minute, and all together at most two a second, so that nobody
/// fills the log of the operator from outside.
/// </summary>
internal sealed class RefusalLog(ILogger<RefusalLog> logger) : IDisposable
{
    private const int MostAtOnce = 20;

    private readonly PartitionedRateLimiter<string> senders = PartitionedRateLimiter.Create<string, string>(sender =>
        RateLimitPartition.GetTokenBucketLimiter(sender, _ => Bucket(1, TimeSpan.FromMinutes(1), 1))
    );

    private readonly TokenBucketRateLimiter all = new(Bucket(MostAtOnce, TimeSpan.FromSeconds(1), 2));

    /// <summary>A message of a guardrail was refused.</summary>
    /// <param name="status">The status that it was answered with.</param>
    /// <param name="sender">The UID of the pod, or the address where it is not known.</param>
    /// <param name="reason">Why.</param>
    public void Grant(int status, string? sender, string reason)
    {
        if (Admits($"{status} {sender}"))
            ControllerLog.GrantRefused(logger, reason);
    }

    /// <summary>Results of an evaluation were refused.</summary>
    /// <param name="status">The status that they were answered with.</param>
    /// <param name="address">Where they came from, which may be a proxy for many.</param>
    /// <param name="reason">Why.</param>
    public void Submission(int status, string? address, string reason)
    {
        if (Admits($"{status} {address} {reason}"))
            ControllerLog.SubmissionRefused(logger, status, reason);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        senders.Dispose();
        all.Dispose();
    }

    private bool Admits(string sender)
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
