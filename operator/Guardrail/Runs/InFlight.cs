namespace AgentReadiness.Guardrail.Runs;

/// <summary>Counts what is in flight, and tells when nothing is.</summary>
internal sealed class InFlight
{
    private readonly Lock gate = new();
    private TaskCompletionSource? empty;
    private int count;

    /// <summary>The number in flight now.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>One more.</summary>
    public void Enter()
    {
        lock (gate)
            count++;
    }

    /// <summary>One less.</summary>
    public void Leave()
    {
        lock (gate)
        {
            if (--count == 0)
            {
                empty?.TrySetResult();
                empty = null;
            }
        }
    }

    /// <summary>Waits until nothing is in flight; false where that takes longer than the limit.</summary>
    public async Task<bool> WaitUntilEmptyAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        Task signal;
        lock (gate)
        {
            if (count == 0)
                return true;
            empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            signal = empty.Task;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(signal, Task.Delay(limit, time, stop.Token));
        await stop.CancelAsync();
        return first == signal;
    }
}
