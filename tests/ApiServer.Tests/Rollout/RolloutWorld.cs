using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// A namespace in which rollouts really happen: the whole operator, real Deployment, Job and Endpoints controllers, a hollow kubelet,
/// and a witness. Operators watch all namespaces, so there is one world at a time, and it takes its objects with it.
/// </summary>
internal sealed class RolloutWorld : IAsyncDisposable
{
    private static readonly ResourceType Suites = ResourceType.Of<EvalSuite>();
    private readonly string folder = Directory.CreateTempSubdirectory("agent-readiness-world-").FullName;
    private readonly Kubernetes client;
    private readonly Lock gate = new();
    private readonly List<Replica> replicas = [];
    private readonly List<Task> ending = [];
    private readonly ControlPlane plane;
    private readonly TimeSpan lease;
    private readonly TimeProvider? time;
    private readonly string? prices;
    private readonly RotationPlan? rotation;
    private int started;
    private volatile bool over;

    private RolloutWorld(ControlPlane plane, string ns, TimeSpan lease, TimeProvider? time, string? prices, RotationPlan? rotation)
    {
        (this.plane, this.lease, this.time, this.prices, this.rotation, Ns) = (plane, lease, time, prices, rotation, ns);
        client = plane.CreateClient();
        // The name of a GitOps tool: what it applies, the operator must never write.
        Api = new KubernetesApi(client, "gitops");
        Witness = new Witness(Api, ns);
        Kubelet = new HollowKubelet(Api, Witness, ns);
    }

    /// <summary>The operator's own certificates, where a world has a plan for them.</summary>
    public const string GrantsSecret = "grants-ca";

    public string Ns { get; }

    public string Folder => folder;

    public KubernetesApi Api { get; }

    public Witness Witness { get; }

    public HollowKubelet Kubelet { get; }

    /// <summary>Replicas that live.</summary>
    public IReadOnlyList<Replica> Replicas
    {
        get
        {
            lock (gate)
                return [.. replicas.Where(replica => !replica.Api.IsDead && !replica.Ended.IsCompleted)];
        }
    }

    public static async Task<RolloutWorld> StartAsync(
        ControlPlane plane,
        int replicas,
        double leaseSeconds = 15,
        TimeProvider? time = null,
        Action<FaultyApi>? prepare = null,
        string? prices = null,
        RotationPlan? rotation = null,
        JsonObject? secret = null
    )
    {
        plane.EnsureControllers();
        await EmptyAsync(plane.Api);
        var world = new RolloutWorld(plane, await plane.NamespaceAsync(), TimeSpan.FromSeconds(leaseSeconds), time, prices, rotation);
        GrantsTls.Write(world.folder);
        await world.ApplyAsync(ConfigMapView.Resource, "prompt", new JsonObject { ["data"] = new JsonObject { ["PROMPT"] = "be kind" } });
        await world.ApplyAsync(ConfigMapView.Resource, "cases", new JsonObject { ["data"] = new JsonObject { ["cases.jsonl"] = "{}" } });
        await world.ApplyAsync(
            Suites,
            "golden",
            new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["builtin"] = new JsonObject
                    {
                        ["cases"] = new JsonObject { ["name"] = "cases", ["key"] = "cases.jsonl" },
                    },
                },
            }
        );
        if (secret is not null)
            await world.ApplyAsync(SecretCertificates.Resource, GrantsSecret, secret);
        for (var i = 0; i < replicas; i++)
            await world.AddReplicaAsync(prepare);
        return world;
    }

    public async Task<Replica> AddReplicaAsync(Action<FaultyApi>? prepare = null)
    {
        var replica = await Replica.StartAsync(plane, Options($"operator-{Interlocked.Increment(ref started)}"), lease, time, prepare);
        lock (gate)
            replicas.Add(replica);
        _ = SuperviseAsync(replica, prepare);
        return replica;
    }

    /// <summary>Settings of an operator of this world.</summary>
    public OperatorOptions Options(string name) =>
        new()
        {
            Namespace = Ns,
            PodName = name,
            PodIp = "127.0.0.1",
            GuardrailImage = "guardrail:1",
            EvalRunnerImage = "eval-runner:1",
            GrantsUrl = "https://127.0.0.1:1",
            GrantsTlsDirectory = rotation is null ? folder : null,
            GrantsSecret = rotation is null ? null : GrantsSecret,
            Rotation = rotation ?? RotationPlan.Default,
            GrantsPort = Ports.Free(),
            MetricsPort = Ports.Free(),
            HealthPort = Ports.Free(),
            PricesConfigMap = prices,
        };

    /// <summary>The replica that leads, as soon as one does.</summary>
    public async Task<Replica> LeaderAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var alive = Replicas;
            if (alive.FirstOrDefault(replica => replica.Leads.IsCompleted) is { } leader)
                return leader;
            await Task.WhenAny([.. alive.SelectMany(replica => new[] { replica.Leads, replica.Ended })]).WaitAsync(limit.Token);
        }
    }

    /// <summary>Applies an agent's manifest, as a GitOps tool does.</summary>
    public Task ApplyAgentAsync(string name, string image, int? replicas = 2, Action<JsonObject>? change = null)
    {
        var agent = Samples.Agent(Ns, name);
        Samples.Set(agent, "spec.template.spec.containers[0].image", image);
        Samples.Set(
            agent,
            "spec.template.spec.containers[0].envFrom",
            new JsonArray(new JsonObject { ["configMapRef"] = new JsonObject { ["name"] = "prompt" } })
        );
        // What the ServiceAccount admission fills in, which this control plane runs without.
        Samples.Set(agent, "spec.template.spec.serviceAccountName", "default");
        Samples.Set(agent, "spec.replicas", replicas);
        Samples.Set(agent, "spec.rollout.drain", "1s");
        change?.Invoke(agent);
        return Api.ApplyAsync(Witness.Agents, Ns, name, agent, CancellationToken.None);
    }

    /// <summary>Writes into a ledger that a call of so many USD was refused by its first limit.</summary>
    public async Task ExhaustAsync(string ledger, string call)
    {
        var limits = (await Api.GetAsync(ResourceType.Of<BudgetLedger>(), Ns, ledger, CancellationToken.None))!["status"]![
            "limits"
        ]!.AsArray();
        (limits[0]!["exhausted"], limits[0]!["exhaustedBy"]) = (true, call);
        await Api.MergePatchAsync(
            ResourceType.Of<BudgetLedger>(),
            Ns,
            ledger,
            "status",
            new JsonObject
            {
                ["status"] = new JsonObject { ["exhausted"] = true, ["limits"] = limits.DeepClone() },
            },
            CancellationToken.None
        );
    }

    /// <summary>Takes an agent away, and waits until nothing of it is left for an operator to do.</summary>
    public async Task RemoveAsync(string name)
    {
        await Api.DeleteAsync(Witness.Agents, Ns, name, null, CancellationToken.None);
        await UntilAsync(
            $"{name} to be gone",
            () =>
                Witness.Get(Witness.Agents, name) is null
                && Witness.All(Witness.Runs).All(run => run.Label(Names.AgentLabel) != name)
                && Witness.All(ServiceView.Resource).All(service => service.Label(Names.AgentLabel) != name)
        );
    }

    public Task UntilServesAsync(string agent, string image, double seconds = 60) =>
        UntilAsync(
            $"{agent} to serve {image}",
            () =>
                Agent(agent) is { } now
                && now.Condition("Ready") == "True"
                && ImageOf(now, "servingRevision") == image
                && IsSettled(agent, now),
            seconds
        );

    public Task UntilHeldAsync(string agent, string image, string? serving, double seconds = 60) =>
        UntilAsync(
            $"{agent} to hold {image} and serve {serving}",
            () =>
                Agent(agent) is { } now
                && now.Condition("Stalled") == "True"
                && ImageOf(now, "candidateRevision") == image
                && ImageOf(now, "servingRevision") == serving
                && IsSettled(agent, now),
            seconds
        );

    public Task UntilAsync(string what, Func<bool> isSo, double seconds = 60) => Witness.UntilAsync(what, isSo, Explain, seconds);

    /// <summary>The state of an agent, where the operator has seen its latest spec.</summary>
    public JsonObject? Agent(string name) =>
        Witness.Get(Witness.Agents, name)?.Object is { } agent
        && agent.Number("status", "observedGeneration") == agent.Number("metadata", "generation")
            ? agent
            : null;

    /// <summary>Waits until the operator has stopped writing, and demands that it then writes nothing for some seconds.</summary>
    public async Task BeQuietAsync(double seconds = 2)
    {
        for (var attempt = 0; ; attempt++)
        {
            await SettleAsync();
            var leader = await LeaderAsync();
            var known = Replicas.ToDictionary(replica => replica, replica => replica.Api.Writes.Count);
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            // Who takes over applies everything once more; that is not this leader's quiet.
            if (attempt < 5 && (leader != await LeaderAsync() || !Replicas.ToHashSet().SetEquals(known.Keys)))
                continue;
            known
                .SelectMany(entry => entry.Key.Api.Writes.Skip(entry.Value))
                .GroupBy(call => call.Step)
                .Select(group => $"{group.Count()} × {group.Key}")
                .ShouldBeEmpty($"in steady state nothing is written\n{Explain()}");
            return;
        }
    }

    private async Task SettleAsync()
    {
        int Count() => Replicas.Sum(replica => replica.Api.Writes.Count);
        var before = -1;
        for (var round = 0; before != Count(); round++)
        {
            round.ShouldBeLessThan(30, $"it goes on writing\n{Explain()}");
            before = Count();
            // Longer than a Retry-After of the tests: a request that was told to wait comes again.
            await Task.Delay(TimeSpan.FromSeconds(1.5));
        }
    }

    /// <summary>No promise was broken so far, and the agent served exactly these images, in this order.</summary>
    public void ShouldHaveServed(string agent, params string[] images)
    {
        var (breaches, served) = Promises.Walk(Witness.History);
        breaches.ShouldBeEmpty(Explain());
        (served.GetValueOrDefault(agent) ?? []).Select(revision => Witness.ImageOf(revision)).ShouldBe(images);
        // One measurement each, and not one more.
        Witness
            .All(Witness.Runs)
            .Where(run => run.Object.Text("spec", "agent", "name") == agent)
            .GroupBy(run => run.Object.Text("spec", "revision"))
            .ShouldAllBe(group => group.Count() == 1);
    }

    /// <summary>How everything stands, for the message of a test that fails.</summary>
    public string Explain()
    {
        var agents = Witness.All(Witness.Agents).Select(agent => $"{agent.Name}: {agent.Object["status"]?.ToJsonString()}");
        var rest = Witness
            .All(Witness.Runs)
            .Concat(Witness.All(DeploymentView.Resource))
            .Concat(Witness.All(ServiceView.Resource))
            .Select(seen =>
                $"{seen.Type.Kind} {seen.Name}: {seen.Object.Text("status", "phase")}{seen.Object.At("spec", "replicas")} "
                + $"{seen.Object.At("spec", "selector", Names.RevisionLabel)}"
            );
        var endpoints = Witness
            .All(EndpointsView.Endpoints)
            .Select(seen => $"Endpoints {seen.Name}: {seen.Object["subsets"]?.ToJsonString()}");
        lock (gate)
            return string.Join(
                '\n',
                [
                    .. Promises.Walk(Witness.History).Breaches,
                    .. agents,
                    .. rest,
                    .. endpoints,
                    .. replicas.TakeLast(3).Select(replica => replica.Log),
                ]
            );
    }

    public async ValueTask DisposeAsync()
    {
        over = true;
        List<Task> all;
        lock (gate)
            all =
            [
                .. ending,
                .. replicas
                    .Where(replica => !replica.Api.IsDead && !replica.Ended.IsCompleted)
                    .Select(replica => replica.DisposeAsync().AsTask()),
            ];
        await Task.WhenAll(all);
        await EmptyAsync(plane.Api);
        await Kubelet.DisposeAsync();
        await Witness.DisposeAsync();
        client.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    // What a kubelet does with a process that ended: it starts it again.
    private async Task SuperviseAsync(Replica replica, Action<FaultyApi>? prepare)
    {
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = replica.Api.OnDeath(() => killed.TrySetResult());
        await Task.WhenAny(replica.Ended, killed.Task);
        if (over)
            return;
        lock (gate)
            ending.Add(Task.Run(async () => await replica.DisposeAsync()));
        if (!replica.Api.IsDead)
            await AddReplicaAsync(prepare);
    }

    private bool IsSettled(string name, JsonObject agent)
    {
        var serving = agent.Text("status", "servingRevision");
        return agent.At("status", "drainingRevision") is null
            && Witness.Get(ServiceView.Resource, $"{name}-candidate") is null
            && Witness
                .All(DeploymentView.Resource)
                .Where(deployment => deployment.Label(Names.AgentLabel) == name && deployment.Label(Names.RevisionLabel) != serving)
                .All(deployment =>
                    deployment.Label(Names.TrackLabel) == Names.ServingTrack && deployment.Object.Number("spec", "replicas") == 0
                );
    }

    private string? ImageOf(JsonObject agent, string field) =>
        agent.Text("status", field) is { } revision ? Witness.ImageOf(revision) : null;

    public Task ApplyAsync(ResourceType type, string name, JsonObject body)
    {
        body["apiVersion"] = type.ApiVersion;
        body["kind"] = type.Kind;
        body["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Ns };
        return Api.ApplyAsync(type, Ns, name, body, CancellationToken.None);
    }

    // Agents of other tests would be this operator's work too.
    private static async Task EmptyAsync(KubernetesApi api)
    {
        foreach (var type in new[] { Witness.Agents, Witness.Runs, ResourceType.Of<BudgetLedger>() })
        {
            var list = await api.SendAsync(HttpMethod.Get, type.Path(null), null, null, CancellationToken.None);
            foreach (var item in list.Items("items"))
                await api.DeleteAsync(
                    type,
                    item.Text("metadata", "namespace"),
                    item.Text("metadata", "name")!,
                    null,
                    CancellationToken.None
                );
        }
    }
}
