using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// Which runs may begin. A place goes to the namespace that has the fewest runs at work, so that a namespace with a hundred agents
/// does not keep one with a single agent waiting; within a namespace the oldest goes first. Pure.
/// </summary>
public static class EvalQueue
{
    /// <summary>State of a run that has not begun.</summary>
    public const string Waiting = "waiting";

    /// <summary>State of a run that has a place.</summary>
    public const string AtWork = "at-work";

    /// <summary>The state of a run as the queue sees it; null where it is over, or where somebody else measures it.</summary>
    public static string? StateOf(EvalRun run) =>
        run.Spec.Kind == EvalKind.External
            ? null
            : run.Status?.Phase switch
            {
                null or EvalPhase.Pending => Waiting,
                EvalPhase.Running => AtWork,
                _ => null,
            };

    /// <summary>The runs that may begin now.</summary>
    /// <param name="waiting">Runs that have not begun.</param>
    /// <param name="atWork">Runs that have a place.</param>
    /// <param name="limits">How many places there are.</param>
    public static IReadOnlySet<NamespacedName> MayBegin(IEnumerable<EvalRun> waiting, IEnumerable<EvalRun> atWork, EvalLimits limits)
    {
        var busy = atWork
            .GroupBy(AgentNamespace, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var queues = waiting
            .GroupBy(AgentNamespace, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Queue<EvalRun>(InOrder(group)), StringComparer.Ordinal);
        var chosen = new HashSet<NamespacedName>();
        for (var places = limits.Cluster - busy.Values.Sum(); places > 0; places--)
        {
            var next = queues
                .Where(queue => queue.Value.Count > 0 && busy.GetValueOrDefault(queue.Key) < limits.Namespace)
                .OrderBy(queue => busy.GetValueOrDefault(queue.Key))
                .ThenBy(queue => Age(queue.Value.Peek()))
                .ThenBy(queue => queue.Key, StringComparer.Ordinal)
                .Select(queue => queue.Key)
                .FirstOrDefault();
            if (next is null)
                break;
            chosen.Add(Key(queues[next].Dequeue()));
            busy[next] = busy.GetValueOrDefault(next) + 1;
        }
        return chosen;
    }

    private static IEnumerable<EvalRun> InOrder(IEnumerable<EvalRun> runs) =>
        runs.OrderBy(Age).ThenBy(run => Key(run).ToString(), StringComparer.Ordinal);

    private static DateTime Age(EvalRun run) => run.Metadata.CreationTimestamp ?? DateTime.MaxValue;

    private static string AgentNamespace(EvalRun run) => run.Spec.Agent.Namespace ?? run.Metadata.NamespaceProperty;

    private static NamespacedName Key(EvalRun run) => new(run.Metadata.NamespaceProperty, run.Metadata.Name);
}
