using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// The holders that wait for money, in the order in which they began to wait. Money that becomes free goes to the first, which then goes to
/// the end, so that a large call is not passed by small ones for ever. It is kept in memory: when it is lost, holders lose their places and
/// no money. Not thread-safe; belongs to one writer.
/// </summary>
internal sealed class GrantWaitQueue(TimeProvider time)
{
    // A guardrail that waits asks again at least every 250 ms.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ContentionLasts = TimeSpan.FromSeconds(10);

    private readonly List<Place> places = [];
    private long? contendedSince;

    private sealed record Place(string Holder, Amount Need, long AskedAt);

    /// <summary>Somebody was told to wait within the last ten seconds.</summary>
    public bool IsContended => contendedSince is { } since && time.GetElapsedTime(since) < ContentionLasts;

    /// <summary>The sum that holders wait for that began to wait before this one.</summary>
    public Amount Ahead(string holder)
    {
        places.RemoveAll(place => time.GetElapsedTime(place.AskedAt) > Patience);
        return Amount.Sum(places.TakeWhile(place => place.Holder != holder).Select(place => place.Need));
    }

    /// <summary>Notes that a holder was told to wait. It keeps its place, or gets the last one.</summary>
    public void Wait(string holder, Amount need)
    {
        contendedSince = time.GetTimestamp();
        var place = new Place(holder, need, time.GetTimestamp());
        var at = places.FindIndex(old => old.Holder == holder);
        if (at < 0)
            places.Add(place);
        else
            places[at] = place;
    }

    /// <summary>Takes out a holder that does not wait any more.</summary>
    public void Leave(string holder) => places.RemoveAll(place => place.Holder == holder);
}
