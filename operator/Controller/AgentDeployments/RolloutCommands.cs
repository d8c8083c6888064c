using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// What people decided, as far as it is carried out. A decision is carried out once and kept in the status: whether it stays in
/// Git or is taken out changes nothing, and it never acts on a revision that it does not name.
/// </summary>
/// <param name="Last">The last decision that was carried out, or null.</param>
/// <param name="IsFresh">It is carried out in this very pass.</param>
internal sealed record RolloutCommands(DecisionStatus? Last, bool IsFresh)
{
    public bool Approves(Revision revision) => Last is { Action: DecisionAction.Promote } && Last.Revision == revision.Hash;

    public bool SkipsCanary(Revision revision) => Approves(revision) && Last!.Step == ProgressSteps.Canary;

    public bool Aborts(Revision revision) => Last is { Action: DecisionAction.Abort } && Last.Revision == revision.Hash;

    /// <summary>The round of evals that a person asked for; 0: none.</summary>
    public int Round(Revision revision) => Last is { Action: DecisionAction.Retry } && Last.Revision == revision.Hash ? Last.Attempt : 0;

    /// <summary>
    /// The revision to serve instead of the declared one, or null. It holds for the revision that was declared then, not for the next.
    /// </summary>
    public Revision? RollbackFrom(Revision declared) =>
        Last is { Action: DecisionAction.RollbackTo } && Last.Declared == declared.Hash ? Revision.Parse(Last.Revision) : null;

    /// <summary>Reads the spec's decision: carries it out, or says why not.</summary>
    public static RolloutCommands Read(AgentObservation seen, StatusDraft draft, Revision declared, Revision? serving)
    {
        var last = draft.Before.Decision;
        if (seen.Agent.Spec.Rollout?.Decision is not { } decision)
            return new RolloutCommands(last, false);
        var attempt = decision.Attempt ?? 1;
        var known = last is not null && last.Revision == decision.Revision && last.Action == decision.Action && last.Attempt == attempt;
        // A rollback that was carried out while another revision was declared is not carried out again. Where the declared revision is
        // by now the one that was rolled back to, there is nothing to do.
        if (known && (last!.Action != DecisionAction.RollbackTo || last.Declared == declared.Hash || last.Revision == declared.Hash))
            return new RolloutCommands(last, false);
        if (
            (
                known
                    ? $"it was carried out when {last!.Declared} was declared; raise its attempt to roll back from {declared} too"
                    : Refusal(seen, decision, declared, serving)
            ) is
            { } refusal
        )
        {
            var message = $"spec.rollout.decision: {decision.Action} {decision.Revision} is ignored: {refusal}";
            if (draft.Before.Conditions.FirstOrDefault(condition => condition.Type == ConditionTypes.DecisionIgnored)?.Message != message)
                draft.Note(true, Reasons.DecisionIgnored, message);
            draft.Set(ConditionTypes.DecisionIgnored, "True", Reasons.DecisionIgnored, message);
            return new RolloutCommands(last, false);
        }
        var step = draft.Before.CandidateRevision == declared.Hash ? draft.Before.ProgressStep : null;
        var carried = new DecisionStatus
        {
            Revision = decision.Revision,
            Action = decision.Action,
            Attempt = attempt,
            Declared = declared.Hash,
            Step = step,
            Reason = decision.Reason,
            At = Timestamps.WholeSeconds(seen.Now),
        };
        draft.Status = draft.Status with { Decision = carried };
        draft.Note(
            false,
            Reasons.DecisionCarriedOut,
            $"{decision.Action} {decision.Revision}, attempt "
                + $"{attempt}{(decision.Reason is { Length: > 0 } reason ? $": {reason}" : string.Empty)}"
        );
        return new RolloutCommands(carried, true);
    }

    private static string? Refusal(AgentObservation seen, RolloutDecision decision, Revision declared, Revision? serving)
    {
        if (decision.Action == DecisionAction.RollbackTo)
            return RollbackRefusal(seen, new Revision(decision.Revision), declared, serving);
        if (decision.Revision != declared.Hash)
            return $"the declared revision is {declared}";
        return decision.Action == DecisionAction.Abort && declared == serving
            ? "the revision serves already; use RollbackTo with the revision that shall serve instead"
            : null;
    }

    private static string? RollbackRefusal(AgentObservation seen, Revision target, Revision declared, Revision? serving)
    {
        if (target == declared)
            return "it is the declared revision";
        if (target == serving)
            return null;
        if (AgentDecider.Find(seen, target, Track.Serving) is not { } deployment)
            return "no Deployment of it is kept; declare it in the spec instead";
        if (deployment.ForeignManagers.Count > 0)
            return $"its Deployment was changed by {string.Join(", ", deployment.ForeignManagers)}; declare it in the spec instead";
        if (TamperCheck.LostCopies(seen, deployment) is [var lost, ..])
            return $"{lost}; declare it in the spec instead";
        return ServedHistory.WithinWindow(seen, target) is null
            ? $"it did not serve within spec.rollout.rollbackWindow "
                + $"({seen.Agent.Spec.Rollout?.RollbackWindow ?? Defaults.RollbackWindow}); declare it in the spec instead"
            : null;
    }
}
