using System.Collections.Concurrent;
using System.Threading.Channels;
using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What becomes of an agent's pod.</summary>
internal enum Fate
{
    Ready,
    Held,
    ImagePullBackOff,
}

/// <summary>
/// A kubelet without containers: pods become what the test says, and the pod of an eval runner ends with the report that the test
/// says. Pods are told apart by the agent's image, for that is what the tests change from revision to revision.
/// </summary>
internal sealed class HollowKubelet : IAsyncDisposable
{
    private const int Cases = 100;
    private static readonly string[] DocumentationRanges = ["192.0.2", "198.51.100", "203.0.113"];

    private readonly Channel<string> pods = Channel.CreateUnbounded<string>();
    private readonly Dictionary<string, string> done = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Fate> fates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> scores = new(StringComparer.Ordinal);
    private readonly Witness witness;
    private readonly KubernetesApi api;
    private readonly string ns;
    private readonly Task running;
    private int addresses;
    private volatile bool holdsRunners;

    public HollowKubelet(KubernetesApi api, Witness witness, string ns)
    {
        (this.api, this.witness, this.ns) = (api, witness, ns);
        witness.Changed += seen =>
        {
            if (seen.Type == PodView.Resource && !seen.Deleted)
                pods.Writer.TryWrite(seen.Name);
        };
        running = Task.Run(RunAsync);
    }

    /// <summary>Runners neither end nor fail while this is set.</summary>
    public bool HoldsRunners
    {
        get => holdsRunners;
        set
        {
            holdsRunners = value;
            LookAgain();
        }
    }

    /// <summary>How many of 100 cases an image passes; all where nothing is said.</summary>
    public void Score(string image, int passed) => scores[image] = passed;

    /// <summary>What becomes of an image's pods; Ready where nothing is said.</summary>
    public void Let(string image, Fate fate)
    {
        fates[image] = fate;
        LookAgain();
    }

    public async ValueTask DisposeAsync()
    {
        pods.Writer.TryComplete();
        await running;
    }

    private void LookAgain()
    {
        foreach (var pod in witness.All(PodView.Resource))
            pods.Writer.TryWrite(pod.Name);
    }

    private async Task RunAsync()
    {
        await foreach (var name in pods.Reader.ReadAllAsync())
        {
            if (witness.Get(PodView.Resource, name) is not { } pod)
                continue;
            try
            {
                if (pod.Object.Text("metadata", "deletionTimestamp") is not null)
                {
                    // Its containers are gone at once, for there were none.
                    await api.SendAsync(
                        HttpMethod.Delete,
                        PodView.Resource.Path(ns, name),
                        new JsonObject { ["gracePeriodSeconds"] = 0 },
                        "application/json",
                        CancellationToken.None
                    );
                    continue;
                }
                if (Status(pod) is not { } status || done.GetValueOrDefault(pod.Uid) == status.Key)
                    continue;
                if (pod.Object.Text("spec", "nodeName") is null && !done.ContainsKey(pod.Uid))
                    await BindAsync(name);
                await api.MergePatchAsync(
                    PodView.Resource,
                    ns,
                    name,
                    "status",
                    new JsonObject { ["status"] = status.Body },
                    CancellationToken.None
                );
                done[pod.Uid] = status.Key;
            }
            catch (KubernetesApiException exception) when (exception.IsNotFound || exception.IsConflict)
            {
                // Deleted meanwhile, or changed: then it is seen again.
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or TimeoutException)
            {
                // A kubelet outlives the API server.
                await Task.Delay(100);
                pods.Writer.TryWrite(name);
            }
        }
    }

    // Endpoints are refused for a pod that is on no node.
    private Task BindAsync(string pod) =>
        api.SendAsync(
            HttpMethod.Post,
            PodView.Resource.Path(ns, pod, "binding"),
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Binding",
                ["metadata"] = new JsonObject { ["name"] = pod },
                ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = "hollow" },
            },
            "application/json",
            CancellationToken.None
        );

    private (string Key, JsonObject Body)? Status(Seen pod)
    {
        if (pod.Label(Names.EvalRunLabel) is { } run)
            return holdsRunners || witness.Get(Witness.Runs, run) is not { } evaluated ? null : ("ended", Ended(pod, evaluated));
        var fate = fates.GetValueOrDefault(Witness.Image(pod.Object["spec"]) ?? string.Empty, Fate.Ready);
        return fate == Fate.Held ? null : (fate.ToString(), Running(pod, fate == Fate.Ready));
    }

    private JsonObject Ended(Seen pod, Seen run)
    {
        string Variable(string name) =>
            pod
                .Object.Items("spec", "containers")
                .Single(container => container.Text("name") == "agent-readiness-reporter")
                .Items("env")
                .Single(variable => variable.Text("name") == name)
                .Text("value")!;
        var passed = scores.GetValueOrDefault(witness.ImageOf(run.Object.Text("spec", "revision")!) ?? string.Empty, Cases);
        var results = new EvalResults
        {
            Format = ResultFormats.Native,
            Cases =
            [
                .. Enumerable
                    .Range(1, Cases)
                    .Select(index => new MeasuredCase
                    {
                        Id = $"case-{index:000}",
                        Score = index > Cases - passed ? 1 : 0,
                        Outcome = index > Cases - passed ? CaseOutcome.Passed : CaseOutcome.Failed,
                        Repeats = 1,
                    }),
            ],
        };
        var native = ResultsLog.Native(results);
        var report = ReporterMessage.Of(Variable("RUN_UID"), results, ResultsLog.Digest(native)) with
        {
            CasesDigest = Variable("CASES_SHA256"),
            Results = ResultsLog.Inline(native),
        };
        return new JsonObject
        {
            ["phase"] = "Succeeded",
            ["containerStatuses"] = new JsonArray(
                Container(
                    "runner",
                    false,
                    new JsonObject
                    {
                        ["terminated"] = new JsonObject { ["exitCode"] = 0, ["reason"] = "Completed" },
                    }
                ),
                Container(
                    "agent-readiness-reporter",
                    false,
                    new JsonObject
                    {
                        ["terminated"] = new JsonObject
                        {
                            ["exitCode"] = 0,
                            ["reason"] = "Completed",
                            ["message"] = report.ToMessage(),
                        },
                    }
                )
            ),
        };
    }

    private JsonObject Running(Seen pod, bool ready)
    {
        var address = addresses++;
        return new JsonObject
        {
            ["phase"] = ready ? "Running" : "Pending",
            ["podIP"] = $"{DocumentationRanges[address / 254 % DocumentationRanges.Length]}.{(address % 254) + 1}",
            ["conditions"] = new JsonArray(Condition("Ready", ready), Condition("ContainersReady", ready)),
            ["containerStatuses"] = new JsonArray([
                .. pod
                    .Object.Items("spec", "containers")
                    .Select(container =>
                        Container(
                            container.Text("name")!,
                            ready,
                            ready
                                ? new JsonObject { ["running"] = new JsonObject() }
                                : new JsonObject
                                {
                                    ["waiting"] = new JsonObject
                                    {
                                        ["reason"] = "ImagePullBackOff",
                                        ["message"] = "Back-off pulling image",
                                    },
                                }
                        )
                    ),
            ]),
        };
    }

    private static JsonObject Condition(string type, bool value) =>
        new()
        {
            ["type"] = type,
            ["status"] = value ? "True" : "False",
            // The Deployment controller counts a pod's availability from here.
            ["lastTransitionTime"] = TimeProvider
                .System.GetUtcNow()
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        };

    private static JsonObject Container(string name, bool ready, JsonObject state) =>
        new()
        {
            ["name"] = name,
            ["image"] = "hollow",
            ["imageID"] = string.Empty,
            ["ready"] = ready,
            ["restartCount"] = 0,
            ["state"] = state,
        };
}
