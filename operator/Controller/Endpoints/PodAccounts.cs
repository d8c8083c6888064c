using System.Collections.Concurrent;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Which account a pod may spend from. Its labels say which one it is, and what made the pod says whether that is true: labels are written
/// by whoever may make pods.
/// </summary>
internal sealed class PodAccounts(
    PodAuthenticator authenticator,
    ObjectCache<AgentDeployment> agents,
    ObjectCache<DeploymentView> deployments,
    ObjectCache<EvalRun> runs,
    ObjectCache<JobView> jobs,
    HeldMoney held,
    [FromKeyedServices(TokenReviews.Api)] KubernetesApi api
)
{
    private const int MostReplicaSets = 20_000;
    private static readonly ResourceType ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet");

    // From the UID of a ReplicaSet to that of the Deployment that controls it: neither ever changes.
    private readonly ConcurrentDictionary<string, string> owners = new(StringComparer.Ordinal);

    /// <summary>The account of a pod, or why it has none.</summary>
    /// <param name="pod">The pod, as its token proves it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public async Task<(AccountKey? Account, string Refusal)> FindAsync(BoundPod pod, CancellationToken cancellationToken)
    {
        if (await authenticator.ViewAsync(pod, cancellationToken) is not { } view)
            return (null, "is not a pod of an agent");
        var ns = pod.Namespace;
        if (view.Meta.Label(Names.EvalRunLabel) is { } name)
            return Judge(ns, name, view, pod);
        if (
            view.Meta.Label(Names.AgentLabel) is not { } agent
            || view.Meta.Revision is not { } revision
            || view.Meta.Track is not { } track
        )
            return (null, "is not a pod of an agent");
        var account = track == Track.Serving ? AccountKey.Serving(ns, agent) : AccountKey.Evals(ns, agent, revision);
        var holds = held.Is(account, pod);
        var refusal = HolderRule.Refusal(
            view,
            holds ? null : await DeploymentOfAsync(ns, view, cancellationToken),
            await DeploymentAsync(ns, agent, revision, track, cancellationToken),
            agents.Get(new NamespacedName(ns, agent))?.View,
            holds
        );
        return refusal is not null ? (null, $"holds no money: {refusal}") : (account, "");
    }

    // A judge runs beside a runner. The pod belongs to the Job of a run, and the run names the agent and revision that are evaluated.
    private (AccountKey? Account, string Refusal) Judge(string ns, string name, PodView view, BoundPod pod)
    {
        var key = new NamespacedName(ns, name);
        if (runs.Get(key) is not { View.Spec: var run } entry)
        {
            // The run may be deleted before its pod has ended.
            return held.OfJudge(pod) is { } known ? (known, "") : (null, "names an EvalRun that does not exist");
        }
        var account = AccountKey.Judge(run.Agent.Namespace!, run.Agent.Name, new Revision(run.Revision));
        var made =
            view.Meta.Controller is { Kind: "Job", Uid: { } uid }
            && jobs.Get(key)?.View.Meta is { } job
            && job.Uid == uid
            && job.ControllerUid == entry.Uid;
        return made || held.Is(account, pod) ? (account, "") : (null, $"holds no money: the Job of EvalRun {key} did not make it");
    }

    /// <summary>The UID of the Deployment that controls the pod's ReplicaSet; null where there is none.</summary>
    private async Task<string?> DeploymentOfAsync(string ns, PodView view, CancellationToken cancellationToken)
    {
        if (view.Meta.Controller is not { Kind: "ReplicaSet", Name: { } name, Uid: { } uid })
            return null;
        if (owners.TryGetValue(uid, out var known))
            return known;
        if (await api.GetAsync(ReplicaSets, ns, name, cancellationToken) is not { } found)
            return null;
        var meta = found.View(Meta.Of);
        if (meta.Uid != uid || meta.Controller is not { Kind: "Deployment", Uid: { } owner })
            return null;
        if (owners.Count >= MostReplicaSets)
            owners.Clear();
        return owners[uid] = owner;
    }

    // The cache may not show a new Deployment yet when its first pod asks, so the API server is asked.
    private async Task<DeploymentView?> DeploymentAsync(
        string ns,
        string agent,
        Revision revision,
        Track track,
        CancellationToken cancellationToken
    )
    {
        var name = track == Track.Eval ? ChildNames.Eval(agent, revision) : ChildNames.Serving(agent, revision);
        if (deployments.Get(new NamespacedName(ns, name))?.View is { } seen)
            return seen;
        return (await api.GetAsync(DeploymentView.Resource, ns, name, cancellationToken))?.View(DeploymentView.Of);
    }
}
