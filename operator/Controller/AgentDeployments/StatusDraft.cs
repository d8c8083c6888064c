using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// Collects a decision: writes, conditions, events and the next look. Conditions are whole at the end: a type that was not set
/// in this pass is gone, and a status that did not change keeps its transition time.
/// </summary>
internal sealed class StatusDraft(AgentDeploymentStatus before, long? generation, DateTimeOffset now)
{
    // As many as the status may hold; those of revisions that are gone are taken out before.
    private const int MostPins = 32;

    private readonly List<Condition> conditions = [];
    private readonly List<EventNote> events = [];
    private TimeSpan? requeueAfter;

    public List<Write> Writes { get; } = [];

    public AgentDeploymentStatus Before { get; } = before;

    public AgentDeploymentStatus Status { get; set; } = before;

    /// <summary>The candidate's eval pods and their Service stay.</summary>
    public bool KeepsEvalPods { get; set; }

    /// <summary>A revision, besides the serving and the draining one, whose serving pods stay.</summary>
    public Revision? PodsWanted { get; set; }

    public void Set(string type, string status, string reason, string message)
    {
        conditions.RemoveAll(condition => condition.Type == type);
        var old = Before.Conditions.FirstOrDefault(condition => condition.Type == type);
        conditions.Add(
            new Condition
            {
                Type = type,
                Status = status,
                ObservedGeneration = generation,
                LastTransitionTime = old?.Status == status ? old.LastTransitionTime : Timestamps.WholeSeconds(now),
                Reason = reason,
                Message = Cut(message),
            }
        );
    }

    /// <summary>Records what is put into the pods of a revision.</summary>
    public void Pin(Revision revision, Injection injection)
    {
        var status = injection.Status(revision);
        if (!Status.Injections.Contains(status))
            Status = Status with
            {
                Injections = [status, .. Status.Injections.Where(one => one.Revision != revision.Hash).Take(MostPins - 1)],
            };
    }

    public void Note(bool warning, string reason, string message) => events.Add(new EventNote(warning, reason, message));

    /// <summary>The cause that keeps Ready from True, once: the first caller knows it best.</summary>
    public void NotReady(string reason, string message)
    {
        if (!conditions.Exists(condition => condition.Type == ConditionTypes.Ready))
            Set(ConditionTypes.Ready, "False", reason, message);
    }

    public void Reconciling(string phase, string reason, string message)
    {
        Status = Status with { Phase = phase };
        NotReady(reason, message);
        Set(ConditionTypes.Reconciling, "True", reason, message);
        // An event tells of each step once, when it begins. Changes of the number of pods within a step are not told.
        if (
            Before.Conditions.FirstOrDefault(condition => condition.Type == ConditionTypes.Reconciling)?.Reason != reason
            && reason is Reasons.Evaluating or Reasons.AwaitingApproval or Reasons.Promoting or Reasons.Paused or Reasons.RollingBack
        )
        {
            Note(false, reason, message);
        }
    }

    public void Stall(string phase, string reason, string message)
    {
        Status = Status with { Phase = phase };
        NotReady(reason, message);
        Set(ConditionTypes.Stalled, "True", reason, message);
        var old = Before.Conditions.FirstOrDefault(condition => condition.Type == ConditionTypes.Stalled);
        if (old?.Reason != reason || old.Message != Cut(message))
            Note(true, reason, message);
    }

    public bool Was(string type, string status) => Before.Conditions.Any(condition => condition.Type == type && condition.Status == status);

    public void RequeueAt(DateTimeOffset moment)
    {
        var wait = moment - now;
        if (wait < TimeSpan.Zero)
            wait = TimeSpan.Zero;
        // A timer that fires a moment too early would find nothing to do, so a little is added.
        wait += TimeSpan.FromMilliseconds(20);
        if (requeueAfter is null || wait < requeueAfter)
            requeueAfter = wait;
    }

    public AgentDecision Finish() =>
        new(Writes, Status with { ObservedGeneration = generation, Conditions = [.. conditions] }, events, requeueAfter);

    private static string Cut(string message) => message.Length <= 2000 ? message : message[..1997] + "...";
}
