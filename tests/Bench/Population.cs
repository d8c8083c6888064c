using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.ApiServer.Tests;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.Bench;

/// <summary>
/// Agents that serve, without the hours that thousands of rollouts take: their children and statuses are what the operator's own
/// decisions say, applied under its name, and the rest is what the controllers and kubelets of a cluster would have written.
/// </summary>
internal sealed class Population(ControlPlane plane, OperatorOptions options, OperatorEnvironment environment)
{
    /// <summary>Agents in each namespace.</summary>
    public const int Crowd = 100;

    private const string Hash = "5c9b8f7d6b";
    private static readonly ResourceType ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet");
    private static readonly ResourceType Namespaces = new(string.Empty, "v1", "namespaces", "Namespace");
    private static readonly ResourceType Suites = ResourceType.Of<EvalSuite>();
    private static readonly RequestPacing Unpaced = new() { RequestsPerSecond = 100_000, Burst = 10_000 };

    private readonly KubernetesApi user = new(plane.CreateClient(), "gitops", pacing: Unpaced);
    private readonly KubernetesApi operators = new(plane.CreateClient(), Api.Names.Operator, pacing: Unpaced);
    private readonly KubernetesApi controllers = new(plane.CreateClient(), "kube-controller-manager", pacing: Unpaced);
    private readonly Dictionary<string, (SuiteView Suite, string Digest)> suites = new(StringComparer.Ordinal);
    private int known;

    public static string Namespace(int agent) => $"crowd-{agent / Crowd}";

    public static string Name(int agent) => $"agent-{agent % Crowd}";

    /// <summary>
    /// Where the real controllers come later, each Deployment needs a ReplicaSet, or they would make another; the operator never looks at
    /// one.
    /// </summary>
    public bool HasReplicaSets { get; set; } = true;

    /// <summary>Adds agents until there are so many.</summary>
    public async Task GrowAsync(int count, Action<int> progress)
    {
        for (; known < count; known += Crowd)
        {
            var ns = Namespace(known);
            await PrepareAsync(ns);
            await Parallel.ForEachAsync(
                Enumerable.Range(known, Crowd),
                new ParallelOptions { MaxDegreeOfParallelism = 24 },
                async (agent, _) => await AddAsync(ns, agent)
            );
            progress(known + Crowd);
        }
    }

    public Task<JsonObject> NamespaceAsync(string name) =>
        user.CreateAsync(Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, CancellationToken.None);

    private async Task PrepareAsync(string ns)
    {
        await NamespaceAsync(ns);
        var cases = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "cases" },
            ["data"] = new JsonObject { ["cases.jsonl"] = "{}" },
        };
        var map = View(await user.CreateAsync(ConfigMapView.Resource, ns, cases, CancellationToken.None), ConfigMapView.Of);
        var suite = await user.CreateAsync(
            Suites,
            ns,
            new JsonObject
            {
                ["apiVersion"] = Suites.ApiVersion,
                ["kind"] = Suites.Kind,
                ["metadata"] = new JsonObject { ["name"] = "golden" },
                ["spec"] = new JsonObject
                {
                    ["builtin"] = new JsonObject
                    {
                        ["cases"] = new JsonObject { ["name"] = "cases", ["key"] = "cases.jsonl" },
                    },
                },
            },
            CancellationToken.None
        );
        suites[ns] = (new SuiteView(View(suite, TypedView.Of<EvalSuite>), map.Digest), map.Digest);
    }

    private async Task AddAsync(string ns, int index)
    {
        var none = CancellationToken.None;
        var name = Name(index);
        var body = Samples.Agent(ns, name);
        Samples.Set(body, "spec.replicas", 1);
        Samples.Set(body, "spec.template.spec.serviceAccountName", "default");
        var agent = View(await user.CreateAsync(Witness.Agents, ns, body, none), TypedView.Of<AgentDeployment>);
        var revision = Revision.Compute(agent.Spec, new Dictionary<string, string>());
        var account = await LedgerAsync(agent);
        var seen = new AgentObservation(
            agent,
            new AgentInputs
            {
                ConfigMaps = new Dictionary<string, ConfigMapView>(),
                Claims = new Dictionary<string, IReadOnlyList<string>>(),
                Suites = [suites[ns].Suite],
                Exceptions = [],
                ForeignServices = [],
            },
            new AgentChildren
            {
                Copies = [],
                Deployments = [],
                Services = new Dictionary<string, ServiceView>(),
                EndpointPods = [],
                Pods = [],
                Disruption = null,
                Runs = [],
            },
            new AgentFunds { Ledger = account },
            environment,
            TimeProvider.System.GetUtcNow()
        );
        seen = seen with { Children = seen.Children with { Runs = [await RunAsync(seen, revision)] } };

        agent.Status = new AgentDeploymentStatus
        {
            ServingRevision = revision.Hash,
            History =
            [
                new ServedRevision
                {
                    Revision = revision.Hash,
                    Since = seen.Now.UtcDateTime.Date,
                    Basis = PromotionBasis.Evals,
                },
            ],
        };
        var made = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var apply in AgentDecider.Decide(seen).Writes.OfType<Write.Apply>())
            made[apply.Resource.Kind] = await operators.ApplyAsync(
                apply.Resource,
                ns,
                (string)apply.Body["metadata"]!["name"]!,
                apply.Body,
                none
            );
        var (deployment, pod) = await StartAsync(ns, index, made["Deployment"]);
        await EndpointsAsync(ns, index, made["Service"], pod);

        seen = seen with
        {
            Children = seen.Children with
            {
                Copies = [View(made["ConfigMap"], ConfigMapView.Of)],
                Deployments = [View(deployment, DeploymentView.Of)],
                Services = new Dictionary<string, ServiceView> { [name] = View(made["Service"], ServiceView.Of) },
                EndpointPods = [pod.Text("metadata", "name")!],
                Pods = [View(pod, PodView.Of)],
            },
        };
        var status = JsonNode.Parse(k8s.KubernetesJson.Serialize(AgentDecider.Decide(seen).Status));
        await operators.MergePatchAsync(Witness.Agents, ns, name, "status", new JsonObject { ["status"] = status }, none);
    }

    private async Task<EvalRun> RunAsync(AgentObservation seen, Revision revision)
    {
        var body = EvalPlan.Run(seen, revision, EvalPlan.Steps(seen, revision, 0)[0], 1);
        var name = (string)body["metadata"]!["name"]!;
        await operators.CreateAsync(Witness.Runs, seen.Namespace, body, CancellationToken.None);
        var ended = await operators.MergePatchAsync(
            Witness.Runs,
            seen.Namespace,
            name,
            "status",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = nameof(EvalPhase.Passed),
                    ["startedAt"] = Stamp(),
                    ["finishedAt"] = Stamp(),
                    ["casesDigest"] = new string('0', 64),
                    ["cases"] = 100,
                    ["passed"] = 100,
                    ["failed"] = 0,
                    ["errored"] = 0,
                    ["score"] = "1",
                    ["lower"] = "0.9705",
                    ["upper"] = "1",
                    ["reason"] = "BarCleared",
                    ["message"] = "100 of 100 cases passed",
                    ["failing"] = new JsonArray(),
                },
            },
            CancellationToken.None
        );
        return View(ended, TypedView.Of<EvalRun>);
    }

    // Through the operator's own writer, which answers nothing but that it is done.
    private async Task<BudgetLedgerStatus> LedgerAsync(AgentDeployment agent)
    {
        var account = AccountKey.Serving(agent.Metadata.NamespaceProperty, agent.Metadata.Name);
        var writer = new LedgerWriter(
            account,
            new LedgerEnvironment(
                now => BudgetWindows.Serving(agent.Spec, [], now),
                (_, _, _, _, _) => throw new NotSupportedException(),
                _ => { }
            ),
            operators,
            options,
            TimeProvider.System,
            NullLogger.Instance
        );
        var open = writer.RunAsync(CancellationToken.None);
        await writer.RefreshAsync(CancellationToken.None);
        writer.Close();
        await open;
        var found = await operators.GetAsync(
            ResourceType.Of<BudgetLedger>(),
            options.Namespace,
            account.LedgerName,
            CancellationToken.None
        );
        return KubernetesJson.Deserialize<BudgetLedger>(found!.ToJsonString()).Status!;
    }

    // The ReplicaSet and the pod of a Deployment, and the statuses of all three.
    private async Task<(JsonObject Deployment, JsonObject Pod)> StartAsync(string ns, int index, JsonObject deployment)
    {
        var none = CancellationToken.None;
        var name = deployment.Text("metadata", "name")!;
        var template = deployment.At("spec", "template")!.DeepClone().AsObject();
        template["metadata"]!["labels"]!["pod-template-hash"] = Hash;
        var owner = HasReplicaSets ? await ReplicaSetAsync(ns, name, deployment, template) : deployment;
        var spec = template["spec"]!.DeepClone();
        spec["nodeName"] = "hollow";
        var pod = await controllers.CreateAsync(
            PodView.Resource,
            ns,
            new JsonObject
            {
                ["metadata"] = Metadata(
                    $"{name}-{Hash}-x7k2p",
                    template["metadata"]!["labels"],
                    HasReplicaSets ? "ReplicaSet" : "Deployment",
                    owner
                ),
                ["spec"] = spec,
            },
            none
        );
        pod = await StatusAsync(
            PodView.Resource,
            ns,
            pod,
            new JsonObject
            {
                ["phase"] = "Running",
                ["podIP"] = Address(index),
                ["conditions"] = new JsonArray(
                    Condition("Initialized"),
                    Condition("Ready"),
                    Condition("ContainersReady"),
                    Condition("PodScheduled")
                ),
                ["containerStatuses"] = new JsonArray([
                    .. pod.Items("spec", "containers")
                        .Select(container => new JsonObject
                        {
                            ["name"] = container.Text("name"),
                            ["image"] = container.Text("image"),
                            ["imageID"] = string.Empty,
                            ["ready"] = true,
                            ["restartCount"] = 0,
                            ["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Stamp() } },
                        }),
                ]),
            }
        );
        var whole = await StatusAsync(
            DeploymentView.Resource,
            ns,
            deployment,
            new JsonObject
            {
                ["observedGeneration"] = 1,
                ["replicas"] = 1,
                ["updatedReplicas"] = 1,
                ["readyReplicas"] = 1,
                ["availableReplicas"] = 1,
                ["conditions"] = new JsonArray(Condition("Available"), Condition("Progressing")),
            }
        );
        return (whole, pod);
    }

    private async Task<JsonObject> ReplicaSetAsync(string ns, string name, JsonObject deployment, JsonObject template)
    {
        var set = await controllers.CreateAsync(
            ReplicaSets,
            ns,
            new JsonObject
            {
                ["metadata"] = Metadata($"{name}-{Hash}", template["metadata"]!["labels"], "Deployment", deployment),
                ["spec"] = new JsonObject
                {
                    ["replicas"] = 1,
                    ["selector"] = new JsonObject
                    {
                        ["matchLabels"] = With(deployment.At("spec", "selector", "matchLabels")!, "pod-template-hash", Hash),
                    },
                    ["template"] = template.DeepClone(),
                },
            },
            CancellationToken.None
        );
        await StatusAsync(
            ReplicaSets,
            ns,
            set,
            new JsonObject
            {
                ["observedGeneration"] = 1,
                ["replicas"] = 1,
                ["fullyLabeledReplicas"] = 1,
                ["readyReplicas"] = 1,
                ["availableReplicas"] = 1,
            }
        );
        return set;
    }

    private Task<JsonObject> EndpointsAsync(string ns, int index, JsonObject service, JsonObject pod)
    {
        var labels = (JsonObject)service.At("metadata", "labels")!.DeepClone();
        labels["kubernetes.io/service-name"] = service.Text("metadata", "name");
        return controllers.CreateAsync(
            environment.Server.Endpoints,
            ns,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"{service.Text("metadata", "name")}-slice", ["labels"] = labels },
                ["addressType"] = "IPv4",
                ["endpoints"] = new JsonArray(
                    new JsonObject
                    {
                        ["addresses"] = new JsonArray(Address(index)),
                        ["conditions"] = new JsonObject { ["ready"] = true },
                        ["targetRef"] = new JsonObject
                        {
                            ["kind"] = "Pod",
                            ["namespace"] = ns,
                            ["name"] = pod.Text("metadata", "name"),
                            ["uid"] = pod.Text("metadata", "uid"),
                        },
                    }
                ),
                ["ports"] = new JsonArray([
                    .. service
                        .Items("spec", "ports")
                        .Select(port => new JsonObject
                        {
                            ["name"] = port.Text("name"),
                            ["port"] = port.Number("targetPort"),
                            ["protocol"] = "TCP",
                        }),
                ]),
            },
            CancellationToken.None
        );
    }

    private Task<JsonObject> StatusAsync(ResourceType type, string ns, JsonObject item, JsonObject status) =>
        controllers.MergePatchAsync(
            type,
            ns,
            item.Text("metadata", "name")!,
            "status",
            new JsonObject { ["status"] = status },
            CancellationToken.None
        );

    private static JsonObject Metadata(string name, JsonNode? labels, string ownerKind, JsonObject owner) =>
        new()
        {
            ["name"] = name,
            ["labels"] = labels!.DeepClone(),
            ["ownerReferences"] = new JsonArray(
                new JsonObject
                {
                    ["apiVersion"] = "apps/v1",
                    ["kind"] = ownerKind,
                    ["name"] = owner.Text("metadata", "name"),
                    ["uid"] = owner.Text("metadata", "uid"),
                    ["controller"] = true,
                    ["blockOwnerDeletion"] = true,
                }
            ),
        };

    private static JsonObject With(JsonNode labels, string name, string value)
    {
        var copy = labels.DeepClone().AsObject();
        copy[name] = value;
        return copy;
    }

    private static JsonObject Condition(string type) =>
        new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["reason"] = "Bench",
            ["lastTransitionTime"] = Stamp(),
        };

    private static string Stamp() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    // 198.18.0.0/15 is set aside for benchmarks.
    private static string Address(int index) => $"198.18.{index / 250}.{(index % 250) + 1}";

    private static T View<T>(JsonObject item, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(item.ToJsonString());
        return read(document.RootElement);
    }
}
