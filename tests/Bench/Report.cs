namespace AgentReadiness.Bench;

/// <summary>The measured rows beside their goals. Nothing is asserted: a shared machine has slow minutes.</summary>
internal sealed class Report(int few, int many, int changes)
{
    private readonly List<(int Order, string What, string Goal, string Measured)> rows = [];

    public void Steady(int agents, Minute minute)
    {
        var order = agents == many ? 20 : 0;
        Add(order, $"{agents:N0} agents at rest: writes per minute, Leases left out", "0", $"{minute.Writes:0.#}");
        Add(order + 1, $"{agents:N0} agents at rest: reads per minute, Leases and new watches left out", "", $"{minute.Others:0.#}");
        Add(order + 2, $"{agents:N0} agents at rest: CPU", "< 0.1 cores", $"{minute.Cores:0.000} cores");
        Add(
            order + 3,
            $"{agents:N0} agents at rest: resident memory",
            "≤ 250 MB",
            $"{minute.Resident:0} MB (managed heap {minute.Heap:0} MB)"
        );
    }

    public void Reaction((IReadOnlyList<double> Runs, IReadOnlyList<double> EvalDeployments, IReadOnlyList<double> Plain) measured)
    {
        Add(10, $"{few:N0} agents, {changes} spec changes: to the eval Deployment, p50 / p95", "", Pair(measured.EvalDeployments));
        Add(11, $"{few:N0} agents, {changes} spec changes: to the EvalRun, p50 / p95", "p95 ≤ 1,000 ms", Pair(measured.Runs));
        Add(12, "beside it: a plain Deployment's change to its ReplicaSet, p50 / p95", "", Pair(measured.Plain));
        Add(
            13,
            "ratio to the plain Deployment, medians: eval Deployment, EvalRun",
            "",
            $"{At(measured.EvalDeployments, 0.5) / At(measured.Plain, 0.5):0.0} ×, {At(measured.Runs, 0.5) / At(measured.Plain, 0.5):0.0} ×"
        );
    }

    public void Start(TimeSpan ready, TimeSpan quiet, double peak)
    {
        Add(30, $"start with {many:N0} agents: to a green /readyz", "", $"{ready.TotalSeconds:0.0} s");
        Add(31, $"start with {many:N0} agents: to the first quiet minute", "", $"{quiet.TotalSeconds:0} s");
        Add(32, $"start with {many:N0} agents: most resident memory", "", $"{peak:0} MB");
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            """
            ## The operator

            | what | goal | measured |
            | --- | --- | --- |

            """
        );
        foreach (var (_, what, goal, measured) in rows.OrderBy(row => row.Order))
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {goal} | {measured} |\n");
        text.Append(
            """

            How it is measured:

            - The API server is a real kube-apiserver 1.20 with a real etcd. The operator is the published program (self-contained, one
              file, JIT) in a process of its own, with the settings and Lease times that users get.
            - Each agent serves one pod and has a budget, a passed EvalRun, a BudgetLedger, a guardrail ConfigMap, a Deployment, a
              Service with its Endpoints, and a pod; 100 agents to a namespace. Children and statuses come from the
              operator's own decisions, applied under its name by the benchmark; what the cluster's controllers and kubelets write is
              written for them.
            - At rest: one minute, by the operator's own `rest_client_requests_total`, less the requests about Leases that the API server
              counted; CPU and memory from `/proc`.
            - Spec change: the time from the API server's answer to the object on a watch, agent and plain Deployment in turn, with the
              real kube-controller-manager. The eval pods are real objects that a kubelet without containers calls ready at once. Runners
              are held, so that what follows an EvalRun does not count.
            - A new leader applies every child once, at the 50 requests per second that the operator allows itself; that is the time to the
              first quiet minute.

            """
        );
        return text.ToString();
    }

    private void Add(int order, string what, string goal, string measured) => rows.Add((order, what, goal, measured));

    private static string Pair(IReadOnlyList<double> times) => $"{At(times, 0.5):0} / {At(times, 0.95):0} ms";

    private static double At(IReadOnlyList<double> times, double share) =>
        times.Order().ElementAt(Math.Min(times.Count - 1, (int)(times.Count * share)));
}
