using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>
/// The places of runs at work. They are given by the rules of <see cref="EvalQueue"/>, from what the cache shows and what this process has
/// begun since.
/// </summary>
internal sealed class EvalPlaces(ObjectCache<EvalRun> runs, OperatorOptions options)
{
    private readonly Lock gate = new();

    // Runs that this process began and that its cache does not show at work yet. They are counted, so that no place is given twice.
    private readonly HashSet<NamespacedName> begun = [];

    /// <summary>How many places there are.</summary>
    public EvalLimits Limits => options.EvalLimits;

    /// <summary>Takes a place for a run; false where it must wait.</summary>
    public bool TryTake(NamespacedName key)
    {
        lock (gate)
        {
            var waiting = runs.ByIndex(Registration.ByState, EvalQueue.Waiting).Select(entry => entry.View).ToList();
            var atWork = runs.ByIndex(Registration.ByState, EvalQueue.AtWork).Select(entry => entry.View).ToList();
            begun.RemoveWhere(one => runs.Get(one)?.View is not { } view || EvalQueue.StateOf(view) != EvalQueue.Waiting);
            var begunHere = waiting.Where(run => begun.Contains(Key(run))).ToList();
            EvalMetrics.Queue.WithLabels(EvalQueue.Waiting).Set(waiting.Count - begunHere.Count);
            EvalMetrics.Queue.WithLabels(EvalQueue.AtWork).Set(atWork.Count + begunHere.Count);
            if (!EvalQueue.MayBegin(waiting.Except(begunHere), atWork.Concat(begunHere), Limits).Contains(key))
                return false;
            begun.Add(key);
            return true;
        }
    }

    /// <summary>Gives a place back: the run did not begin, or is gone.</summary>
    public void Release(NamespacedName key)
    {
        lock (gate)
            begun.Remove(key);
    }

    private static NamespacedName Key(EvalRun run) => new(run.Metadata.NamespaceProperty, run.Metadata.Name);
}
