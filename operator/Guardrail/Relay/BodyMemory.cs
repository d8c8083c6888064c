namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// The memory that bodies in flight may take, all calls together: half of what the process may have. Without it, a few calls with long
/// bodies would end the process, and all calls with it. Safe for any thread.
/// </summary>
/// <param name="most">The most, bytes.</param>
internal sealed class BodyMemory(long most)
{
    private long taken;

    /// <summary>The most, bytes.</summary>
    public long Most => most;

    /// <summary>What is taken, bytes.</summary>
    public long Taken => Interlocked.Read(ref taken);

    /// <summary>For what was taken before.</summary>
    public static BodyMemory Unbounded { get; } = new(long.MaxValue);

    /// <summary>Half of the memory that the container or the machine gives to this process.</summary>
    public static BodyMemory OfProcess() => new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);

    /// <summary>Takes a part, or says that it is not there.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref taken, bytes) <= most)
            return true;
        Interlocked.Add(ref taken, -bytes);
        return false;
    }

    /// <summary>Gives a part back.</summary>
    public void Return(long bytes) => Interlocked.Add(ref taken, -bytes);
}
