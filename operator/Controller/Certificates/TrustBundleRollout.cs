using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>How far a bundle has come. By what the API server holds, not by what was written: a write may fail for hours.</summary>
public sealed class TrustBundleRollout(
    ObjectCache<ConfigMapView> configMaps,
    ObjectCache<AgentDeployment> agents,
    ObjectCache<EvalRun> runs
)
{
    /// <summary>The ConfigMaps of guardrails that do not have a bundle.</summary>
    public IReadOnlyList<NamespacedName> Lacking(string bundle)
    {
        var digest = TrustBundle.DigestOf(bundle);
        return
        [
            .. configMaps
                .List()
                .Where(entry => entry.View.CaDigest is { } has && has != digest && IsRead(entry.View.Meta))
                .Select(entry => entry.Key),
        ];
    }

    // ConfigMaps of an agent that is being deleted, or of a run that is over, are not updated any more, and no pod will read them.
    private bool IsRead(Meta meta)
    {
        if (meta.Deleting)
            return false;
        if (meta.Label(Names.TrackLabel) is not null && meta.Label(Names.AgentLabel) is { } agent)
            return agents.Get(new NamespacedName(meta.Key.Namespace, agent)) is { View.Metadata.DeletionTimestamp: null } owner
                && owner.Uid == meta.ControllerUid;
        return meta.Label(Names.EvalRunLabel) is { } run
            && runs.Get(new NamespacedName(meta.Key.Namespace, run)) is { View: { IsOver: false, Metadata.DeletionTimestamp: null } } at
            && at.Uid == meta.ControllerUid;
    }
}
