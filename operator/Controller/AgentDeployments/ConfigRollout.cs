using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// Brings the prices in force, and the CAs to trust, to guardrails of revisions whose configuration is not written any more, because their
/// spec is gone: what serves while another revision is evaluated or held, what drains, what is kept to go back to. Pure.
/// </summary>
internal static class ConfigRollout
{
    /// <summary>A decision with what its guardrails lack.</summary>
    public static AgentDecision Complete(AgentObservation seen, AgentDecision decision)
    {
        if (seen.Agent.Metadata.DeletionTimestamp is not null)
            return decision;
        var gone = decision
            .Writes.OfType<Write.Delete>()
            .Where(write => write.Resource == ConfigMapView.Resource)
            .Select(write => write.Key.Name)
            .ToHashSet(StringComparer.Ordinal);
        // An applied configuration contains both already. But apply does not remove prices that a patch such as the one below had added.
        var applied = decision
            .Writes.OfType<Write.Apply>()
            .Where(write => write.Resource == ConfigMapView.Resource)
            .Select(write => write.Body["metadata"]!["name"]!.GetValue<string>())
            .ToHashSet(StringComparer.Ordinal);
        var copies = seen.Children.Copies.Where(copy => IsGuardrails(seen, copy) && !gone.Contains(copy.Meta.Key.Name)).ToList();
        var late = new List<Write>();
        late.AddRange(
            copies
                .Where(copy =>
                    copy.PricesDigest != seen.Funds.Prices?.Digest && (seen.Funds.Prices is null || !applied.Contains(copy.Meta.Key.Name))
                )
                .Select(copy => new Write.SetPrices(copy.Meta.Key, seen.Funds.Prices?.Text))
        );
        var ca = TrustBundle.DigestOf(seen.Environment.GrantsCa);
        late.AddRange(
            copies
                .Where(copy => copy.CaDigest != ca && !applied.Contains(copy.Meta.Key.Name))
                .Select(copy => new Write.SetAuthority(copy.Meta.Key, seen.Environment.GrantsCa))
        );
        // These writes come first, so that a template that the server refuses does not delay them.
        return late.Count == 0 ? decision : decision with { Writes = [.. late, .. decision.Writes] };
    }

    private static bool IsGuardrails(AgentObservation seen, ConfigMapView copy) =>
        copy.Meta.ControllerUid == seen.Uid
        && !copy.Meta.Deleting
        && copy.Meta.Revision is { } revision
        && copy.Meta.Track is { } track
        && copy.Meta.Key.Name == ChildNames.GuardrailConfig(seen.Name, revision, track);
}
