namespace AgentReadiness.Runtime;

/// <summary>
/// Tokens that come back at a steady rate. A caller who finds none reserves the next one and waits for it, so callers are served in their
/// order. System.Threading.RateLimiting has such a class too, but it reads the clock of the machine, which tests cannot move.
/// </summary>
internal sealed class TokenBucket
{
    private readonly Lock gate = new();
    private readonly RequestPacing pacing;
    private readonly TimeProvider time;
    private double tokens;
    private long at;

    public TokenBucket(RequestPacing pacing, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pacing.RequestsPerSecond, nameof(pacing));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pacing.Burst, nameof(pacing));
        this.pacing = pacing;
        this.time = time;
        tokens = pacing.Burst;
        at = time.GetTimestamp();
    }

    public async ValueTask TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var wait = Reserve();
        if (wait <= TimeSpan.Zero)
            return;
        try
        {
            await Task.Delay(wait, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (gate)
                tokens++;
            throw;
        }
    }

    private TimeSpan Reserve()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            tokens = Math.Min(pacing.Burst, tokens + (time.GetElapsedTime(at, now).TotalSeconds * pacing.RequestsPerSecond)) - 1;
            at = now;
            return tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-tokens / pacing.RequestsPerSecond);
        }
    }
}
