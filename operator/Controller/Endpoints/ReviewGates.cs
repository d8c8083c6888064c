using System.Net;
using System.Threading.RateLimiting;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Who may have a token reviewed, so that whoever reaches the port with thousands of bad tokens takes the place of nobody else.
/// </summary>
/// <remarks>
/// A pod that the cache shows waits only behind its own tokens and other such pods: one review at a time for each, and after a refusal one
/// in a second. All others, which are new pods and strangers, share few places, and an address whose tokens are refused loses its turn for
/// a while. Whoever finds the queue full is refused at once and may come again.
/// </remarks>
internal sealed class ReviewGates : IDisposable
{
    private const int KnownPlaces = 16;
    private const int OtherPlaces = 4;
    private const int OtherQueue = 64;
    private const int PodQueue = 4;
    private const int AddressRefusals = 20;

    private readonly ConcurrencyLimiter known = new(Places(KnownPlaces, int.MaxValue));
    private readonly ConcurrencyLimiter others = new(Places(OtherPlaces, OtherQueue));

    private readonly PartitionedRateLimiter<string> pods = PartitionedRateLimiter.Create<string, string>(uid =>
        RateLimitPartition.GetConcurrencyLimiter(uid, _ => Places(1, PodQueue))
    );

    private readonly PartitionedRateLimiter<string> podRefusals = PartitionedRateLimiter.Create<string, string>(uid =>
        RateLimitPartition.GetTokenBucketLimiter(uid, _ => Bucket(most: 2, eachSecond: 1))
    );

    private readonly PartitionedRateLimiter<string> addressRefusals = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => Bucket(AddressRefusals, eachSecond: 2))
    );

    /// <summary>Waits for a place.</summary>
    /// <param name="who">The UID of the pod that the token names, or its subject.</param>
    /// <param name="isKnown">The cache shows that pod.</param>
    /// <param name="address">Where the request came from.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The place, to be disposed; null where there is none.</returns>
    public async Task<IDisposable?> EnterAsync(string who, bool isKnown, IPAddress? address, CancellationToken cancellationToken)
    {
        // Nothing is taken here: only what was refused counts.
        using var pod = podRefusals.AttemptAcquire(who, 0);
        using var source = isKnown ? null : addressRefusals.AttemptAcquire(Key(address), 0);
        if (!pod.IsAcquired || source?.IsAcquired == false)
            return null;
        var turn = await pods.AcquireAsync(who, 1, cancellationToken);
        if (!turn.IsAcquired)
        {
            turn.Dispose();
            return null;
        }
        try
        {
            var place = await (isKnown ? known : others).AcquireAsync(1, cancellationToken);
            if (place.IsAcquired)
                return new Place(turn, place);
            place.Dispose();
        }
        catch (OperationCanceledException)
        {
            turn.Dispose();
            throw;
        }
        turn.Dispose();
        return null;
    }

    /// <summary>The API server did not take the token.</summary>
    /// <param name="who">The UID of the pod that the token names, or its subject.</param>
    /// <param name="address">Where the request came from.</param>
    public void Refused(string who, IPAddress? address)
    {
        podRefusals.AttemptAcquire(who).Dispose();
        addressRefusals.AttemptAcquire(Key(address)).Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        known.Dispose();
        others.Dispose();
        pods.Dispose();
        podRefusals.Dispose();
        addressRefusals.Dispose();
    }

    private static string Key(IPAddress? address) => address?.ToString() ?? string.Empty;

    private static ConcurrencyLimiterOptions Places(int places, int queue) =>
        new()
        {
            PermitLimit = places,
            QueueLimit = queue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        };

    private static TokenBucketRateLimiterOptions Bucket(int most, int eachSecond) =>
        new()
        {
            TokenLimit = most,
            TokensPerPeriod = eachSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        };

    private sealed class Place(IDisposable turn, IDisposable place) : IDisposable
    {
        public void Dispose()
        {
            place.Dispose();
            turn.Dispose();
        }
    }
}
