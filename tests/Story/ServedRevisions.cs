using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.Story;

/// <summary>
/// The witness of promise 1: every revision whose pods ever were endpoints of the agent's Service, seen on each event, must have
/// a passed EvalRun that ended before.
/// </summary>
public sealed partial class ServedRevisions
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> first = new(StringComparer.Ordinal);
    private readonly NamespacedName agent;

    /// <summary>Starts to look.</summary>
    public ServedRevisions(ClusterWatch watch, NamespacedName agent)
    {
        this.agent = agent;
        watch.Endpoints.Changed += (_, after) =>
        {
            if (after?.Key == agent)
                Note(after.View);
        };
        if (watch.Endpoints.Get(agent) is { } now)
            Note(now.View);
    }

    /// <summary>Revisions that were served so far.</summary>
    public IReadOnlyCollection<string> All => [.. first.Keys];

    /// <summary>Fails where a revision was served without, or before, its pass.</summary>
    public void Verify(ClusterWatch watch)
    {
        foreach (var (revision, moment) in first)
        {
            var pass =
                watch
                    .Runs.List()
                    .Select(entry => entry.View)
                    .FirstOrDefault(run =>
                        run.Spec.Agent.Name == agent.Name
                        && run.Spec.Agent.Namespace == agent.Namespace
                        && run.Spec.Revision == revision
                        && run.Status?.Phase == EvalPhase.Passed
                    )
                ?? throw new StoryException($"revision {revision} was served and no EvalRun of it passed");
            if (DateTime.SpecifyKind(pass.Status!.FinishedAt!.Value, DateTimeKind.Utc) > moment.UtcDateTime)
                throw new StoryException(
                    $"revision {revision} was served at {moment:O}, before its EvalRun ended at {pass.Status.FinishedAt:O}"
                );
        }
    }

    private void Note(EndpointsView endpoints)
    {
        foreach (var pod in endpoints.Pods)
        {
            if (RevisionOf().Match(pod) is { Success: true } match)
                first.TryAdd(match.Groups[1].Value, TimeProvider.System.GetUtcNow());
            else
                throw new StoryException($"pod {pod} is an endpoint of {agent}, and not a serving pod of ours");
        }
    }

    // name-REVISION-REPLICASET-POD; an eval pod would have "-eval" after its revision.
    [GeneratedRegex("-([0-9a-f]{15})-[a-z0-9]+-[a-z0-9]+$")]
    private static partial Regex RevisionOf();
}
