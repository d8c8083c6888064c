using AgentReadiness.Api;
using AgentReadiness.Controller.Views;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// Brings the prices in force to guardrails of revisions whose configuration is not written any more, because their spec is gone: what serves while another
/// revision is evaluated or held, what drains, what is kept to go back to. Pure.
/// </summary>
internal static class PriceSpread
{
    /// <summary>A decision with what its guardrails lack.</summary>
    public static AgentDecision Complete(AgentObservation seen, AgentDecision decision)
    {
        if (seen.Agent.Metadata.DeletionTimestamp is not null)
            return decision;
        var skipped = decision.Writes.OfType<Write.Delete>().Where(write => write.Resource == ConfigMapView.Resource).Select(write => write.Key.Name).ToHashSet(StringComparer.Ordinal);
        // What is applied brings its prices along. It does not take away what another hand, such as ours here, had put in.
        if (seen.Prices is not null)
            skipped.UnionWith(decision.Writes.OfType<Write.Apply>().Where(write => write.Resource == ConfigMapView.Resource).Select(write => write.Body["metadata"]!["name"]!.GetValue<string>()));
        var late = seen.Copies.Where(copy => copy.PricesDigest != seen.Prices?.Digest && IsGuardrails(seen, copy) && !skipped.Contains(copy.Meta.Key.Name))
            .Select(copy => new Write.SetPrices(copy.Meta.Key, seen.Prices?.Text)).ToList();
        // First, so that a template that the server refuses does not hold them up.
        return late.Count == 0 ? decision : decision with { Writes = [.. late, .. decision.Writes] };
    }

    private static bool IsGuardrails(AgentObservation seen, ConfigMapView copy) =>
        copy.Meta.ControllerUid == seen.Uid && !copy.Meta.Deleting
        && copy.Meta.Label(Names.RevisionLabel) is { } revision && copy.Meta.Label(Names.TrackLabel) is { } track
        && copy.Meta.Key.Name == ChildNames.GuardrailConfig(seen.Name, revision, track);
}
