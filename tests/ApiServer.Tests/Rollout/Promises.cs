using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// What must hold of every history, whatever happened: walks through all states in the order in which they were written and says
/// where a promise was broken.
/// </summary>
internal sealed class Promises
{
    private static readonly string[] Verdicts = ["Passed", "Failed", "Inconclusive", "Error"];

    private readonly List<string> breaches = [];
    private readonly HashSet<string> canaries = new(StringComparer.Ordinal);
    private readonly HashSet<string> gone = new(StringComparer.Ordinal);
    private readonly HashSet<(string Agent, string Revision)> passed = [];
    private readonly Dictionary<string, List<string>> served = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seen> runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> verdicts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> runners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seen> deployments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seen> pods = new(StringComparer.Ordinal);

    private Promises() { }

    /// <summary>Walks through a history.</summary>
    /// <returns>The breaches, and for each agent the revisions that its Service selected, one after another.</returns>
    public static (IReadOnlyList<string> Breaches, IReadOnlyDictionary<string, List<string>> Served) Walk(IEnumerable<Seen> history)
    {
        var walk = new Promises();
        foreach (var seen in history)
            walk.Step(seen);
        return (walk.breaches, walk.served);
    }

    private void Step(Seen seen)
    {
        // With an agent that somebody deleted, everything goes.
        if (seen is { Deleted: true } && seen.Type == Witness.Agents)
            gone.Add(seen.Name);
        else if ((seen.Label(Names.AgentLabel) ?? seen.Name) is { } agent && gone.Contains(agent))
            return;
        else if (seen.Type == Witness.Runs)
            Run(seen);
        else if (seen.Type == Witness.Agents)
            Agent(seen);
        else if (seen.Type == ServiceView.Resource)
            Service(seen);
        else if (seen.Type == EndpointsView.Endpoints)
            Endpoints(seen);
        else if (seen.Type == DeploymentView.Resource)
            Deployment(seen);
        else if (seen.Type == JobView.Resource)
            Once(jobs, seen.Name, seen, "Job");
        else if (seen.Type == PodView.Resource)
            Pod(seen);
    }

    // A verdict is written once, and a measurement that was made is not made again.
    private void Run(Seen run)
    {
        var spec = run.Object["spec"];
        if (run.Deleted)
        {
            Breach(run, "was deleted: its verdict is lost");
            return;
        }
        if (!runs.ContainsKey(run.Uid))
        {
            foreach (
                var other in runs.Values.Where(other =>
                    Same(other.Object["spec"], spec, "agentUid")
                    && Same(other.Object["spec"], spec, "revision")
                    && Same(other.Object["spec"], spec, "suite")
                )
            )
            {
                if (other.Object.Text("status", "phase") != "Error")
                    Breach(run, $"was created beside {other.Name}, which is {other.Object.Text("status", "phase") ?? "not begun"}");
                else if (other.Object.Number("spec", "attempt") >= spec.Number("attempt"))
                    Breach(run, $"has the attempt of {other.Name} or an earlier one");
            }
        }
        runs[run.Uid] = run;
        var status = run.Object["status"]?.ToJsonString();
        if (verdicts.TryGetValue(run.Uid, out var written) && written != status)
            Breach(run, $"had the verdict {written} and now has {status}");
        if (run.Object.Text("status", "phase") is { } phase && Verdicts.Contains(phase))
            verdicts.TryAdd(run.Uid, status!);
        if (run.Object.Text("status", "phase") == "Passed")
            passed.Add((spec.Text("agent", "name")!, spec.Text("revision")!));
    }

    private void Agent(Seen agent)
    {
        var serving = agent.Object.Text("status", "servingRevision");
        if (agent.Object.Text("spec", "rollout", "strategy") == "Canary")
            canaries.Add(agent.Name);
        else
            canaries.Remove(agent.Name);
        if (serving is not null && !passed.Contains((agent.Name, serving)))
            Breach(agent, $"says that it serves {serving}, which passed nothing");
        if (serving is null && served.ContainsKey(agent.Name))
            Breach(agent, "does not know any more what it serves");
    }

    private void Service(Seen service)
    {
        // The candidate's Service is for evals alone.
        if (service.Label(Names.AgentLabel) != service.Name)
            return;
        if (service.Deleted)
        {
            Breach(service, "was deleted: nothing serves");
            return;
        }
        var revision = service.Object.At("spec", "selector", Names.RevisionLabel)?.GetValue<string>();
        var isServing = service.Object.At("spec", "selector", Names.TrackLabel)?.GetValue<string>() == Names.ServingTrack;
        // Two revisions share it while one is in a Canary; whose pods are behind it, the endpoints say.
        if (isServing && revision is null && served.ContainsKey(service.Name) && canaries.Contains(service.Name))
            return;
        if (revision is null || !isServing)
        {
            Breach(service, $"selects {service.Object.At("spec", "selector")?.ToJsonString()}");
            return;
        }
        if (!passed.Contains((service.Name, revision)))
            Breach(service, $"selects {revision}, which passed nothing");
        if (!served.TryGetValue(service.Name, out var order))
            served[service.Name] = order = [];
        if (order.LastOrDefault() == revision)
            return;
        order.Add(revision);
        if (!pods.Values.Any(pod => pod.Label(Names.RevisionLabel) == revision && IsServing(pod)))
            Breach(service, $"was switched to {revision}, of which no pod was available");
    }

    private void Endpoints(Seen endpoints)
    {
        if (endpoints.Deleted || endpoints.Label(Names.AgentLabel) != endpoints.Name)
            return;
        foreach (
            var name in endpoints
                .Object.Items("subsets")
                .SelectMany(subset => subset.Items("addresses"))
                .Select(address => address.Text("targetRef", "name")!)
        )
        {
            var pod = pods.GetValueOrDefault(name);
            if (pod?.Label(Names.TrackLabel) != Names.ServingTrack || !passed.Contains((endpoints.Name, pod.Label(Names.RevisionLabel)!)))
                Breach(endpoints, $"sends requests to {name}, which passed nothing");
        }
    }

    private void Deployment(Seen deployment)
    {
        var isServed =
            deployment.Label(Names.TrackLabel) == Names.ServingTrack
            && deployment.Label(Names.AgentLabel) is { } agent
            && served.GetValueOrDefault(agent)?[^1] == deployment.Label(Names.RevisionLabel);
        if (isServed && deployment.Deleted)
            Breach(deployment, "was deleted while its revision served");
        else if (isServed && deployment.Object.Number("spec", "replicas") == 0)
            Breach(deployment, "was scaled to nothing while its revision served");
        deployments[deployment.Name] = deployment;
    }

    private void Pod(Seen pod)
    {
        pods[pod.Name] = pod;
        if (pod.Label(Names.EvalRunLabel) is { } run)
            Once(runners, run, pod, "runner");
    }

    // What a Deployment counts comes later than what its pods are.
    private static bool IsServing(Seen pod) =>
        pod is { Deleted: false }
        && pod.Label(Names.TrackLabel) == Names.ServingTrack
        && pod.Object.Text("metadata", "deletionTimestamp") is null
        && pod.Object.Items("status", "conditions")
            .Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private void Once(Dictionary<string, string> first, string run, Seen seen, string what)
    {
        if (!first.TryAdd(run, seen.Uid) && first[run] != seen.Uid)
            Breach(seen, $"is a second {what} of EvalRun {run}");
    }

    private void Breach(Seen seen, string what) => breaches.Add($"at {seen.Version}: {seen.Type.Kind} {seen.Name} {what}");

    private static bool Same(JsonNode? one, JsonNode? other, string field) => one.Text(field) == other.Text(field);
}
