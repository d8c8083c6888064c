namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A provider's key in a file, read again at most once a second: the kubelet swaps links, whose times say nothing about the content.
/// </summary>
internal sealed class ProviderKey(string path, TimeProvider time)
{
    // Servers take headers of up to 8 KB, nginx among them.
    private const int Longest = 8 * 1024;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private sealed record Entry(string? Value, long ReadAt);

    private Entry? last;

    /// <summary>The key, or null where the file is missing, empty, or holds what no header can carry.</summary>
    public string? Read()
    {
        var entry = Volatile.Read(ref last);
        if (entry is not null && time.GetElapsedTime(entry.ReadAt) < Fresh)
            return entry.Value;
        string? value = null;
        try
        {
            value = File.ReadAllText(path).Trim();
            if (value.Length is 0 or > Longest || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
                value = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Reported to the caller as "no key"; the kubelet may be in the middle of a swap.
        }
        Volatile.Write(ref last, new Entry(value, time.GetTimestamp()));
        return value;
    }
}
