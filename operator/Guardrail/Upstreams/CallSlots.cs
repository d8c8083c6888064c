namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// Places for calls of an upstream at the same time, and a queue before them: who came first goes first. The queue is as long as there are
/// places. Safe for any thread.
/// </summary>
internal sealed class CallSlots
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> queue = [];
    private int held;

    /// <summary>Places that are taken, and calls that wait.</summary>
    public (int Held, int Waiting) Counts
    {
        get
        {
            lock (gate)
                return (held, queue.Count);
        }
    }

    /// <summary>Takes a place whether one is free or not; tells whether a call that waits its turn would have found room.</summary>
    public bool Overtake(int most)
    {
        lock (gate)
            return ++held <= 2L * most;
    }

    /// <summary>Takes a place where one is free and nobody waits for it.</summary>
    public bool TryEnter(int most)
    {
        lock (gate)
        {
            if (held >= most || queue.Count > 0)
                return false;
            held++;
            return true;
        }
    }

    /// <summary>Takes a place, waiting for one where the queue has room.</summary>
    /// <param name="most">The places.</param>
    /// <param name="longest">How long it waits at most.</param>
    /// <param name="time">The clock.</param>
    /// <param name="leaving">Cancelled when it waits no more.</param>
    /// <returns>False where there was no room, or no place in time.</returns>
    public ValueTask<bool> EnterAsync(int most, TimeSpan longest, TimeProvider time, CancellationToken leaving)
    {
        LinkedListNode<TaskCompletionSource> turn;
        lock (gate)
        {
            if (held < most && queue.Count == 0)
            {
                held++;
                return new(true);
            }
            if (queue.Count >= most)
                return new(false);
            turn = queue.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        return new(WaitAsync(turn, longest, time, leaving));
    }

    /// <summary>Gives a place back. The first that waits gets it.</summary>
    /// <param name="most">The places.</param>
    public void Leave(int most)
    {
        lock (gate)
        {
            held--;
            while (held < most && queue.First is { } next)
            {
                queue.RemoveFirst();
                held++;
                next.Value.SetResult();
            }
        }
    }

    private async Task<bool> WaitAsync(
        LinkedListNode<TaskCompletionSource> turn,
        TimeSpan longest,
        TimeProvider time,
        CancellationToken leaving
    )
    {
        try
        {
            await turn.Value.Task.WaitAsync(longest, time, leaving);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            lock (gate)
            {
                // Its turn may have come in the same moment: then it has the place.
                if (turn.List is null)
                    return true;
                queue.Remove(turn);
                return false;
            }
        }
    }
}
