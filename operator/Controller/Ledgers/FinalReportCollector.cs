using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// Remembers the final reports of pods that are gone. A deleted pod often disappears moments after its end, and ledgers are swept less
/// often than that.
/// </summary>
internal sealed class FinalReportCollector
{
    /// <summary>The most pods that are remembered: at most 1 KiB each.</summary>
    public const int Most = 512;

    private readonly Lock gate = new();
    private readonly Dictionary<string, string> gone = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();
    private readonly ObjectCache<PodView> pods;

    /// <summary>Listens to a cache from now on.</summary>
    public FinalReportCollector(ObjectCache<PodView> pods)
    {
        this.pods = pods;
        pods.Changed += (before, after) =>
        {
            if (before?.View.FinalReport is { } message && before.Uid != after?.Uid)
                Remember(before.Uid, message);
        };
    }

    /// <summary>What is known, by the pod's UID.</summary>
    public IReadOnlyDictionary<string, string> ByPod()
    {
        Dictionary<string, string> all;
        lock (gate)
            all = new(gone, StringComparer.Ordinal);
        foreach (var pod in pods.List())
        {
            if (pod.View.FinalReport is { } message)
                all[pod.Uid] = message;
        }
        return all;
    }

    private void Remember(string uid, string message)
    {
        lock (gate)
        {
            if (!gone.TryAdd(uid, message))
                return;
            order.Enqueue(uid);
            if (order.Count > Most)
                gone.Remove(order.Dequeue());
        }
    }
}
