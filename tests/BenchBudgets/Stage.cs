using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.ApiServer.Tests;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Guardrail.Tests;
using AgentReadiness.Runtime;

namespace AgentReadiness.BenchBudgets;

/// <summary>A real API server, one operator, and the pods that ask it. All ends with it.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const string ServiceAccount = "default";
    private static readonly ResourceType Namespaces = new(string.Empty, "v1", "namespaces", "Namespace");
    private static readonly ResourceType Accounts = new(string.Empty, "v1", "serviceaccounts", "ServiceAccount");
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    private readonly string folder = Directory.CreateTempSubdirectory("agent-readiness-bench-").FullName;
    private readonly TestAuthority authority = new();
    private readonly ControlPlane plane = new();
    private readonly List<SimulatedPod> pods = [];
    private readonly string cap;
    private OperatorOptions options = null!;
    private OperatorProcess? process;

    private Stage(string cap) => this.cap = cap;

    /// <summary>The API server, at no pace.</summary>
    public KubernetesApi Api { get; private set; } = null!;

    /// <summary>What the API server and the kernel say of the operator.</summary>
    public Counters Counters { get; private set; } = null!;

    /// <summary>Starts the API server and the operator.</summary>
    /// <param name="published">The operator's program.</param>
    /// <param name="cap">The cap of each budget, USD a day.</param>
    /// <param name="say">Progress.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<Stage> StartAsync(string published, string cap, Action<string> say, CancellationToken cancellationToken)
    {
        var stage = new Stage(cap);
        try
        {
            await stage.StartAsync(published, say).WaitAsync(cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Agents of a namespace of their own, and pods of theirs in turn.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="agents">How many agents.</param>
    /// <param name="count">How many pods.</param>
    /// <param name="isShared">Whether the agents share an AgentBudget.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Fleet> FleetAsync(string ns, int agents, int count, bool isShared, CancellationToken cancellationToken)
    {
        await NamespaceAsync(ns, cancellationToken);
        var team = ResourceType.Of<AgentBudget>();
        if (isShared)
        {
            await Api.CreateAsync(
                team,
                ns,
                (JsonObject)
                    JsonNode.Parse(
                        $$$"""
                        {"apiVersion": "{{{team.ApiVersion}}}", "kind": "{{{team.Kind}}}", "metadata": {"name": "team"},
                          "spec": {"windows": [{"period": "Day", "maxCost": "{{{cap}}}", "onExhausted": "Block"}]}}
                        """
                    )!,
                cancellationToken
            );
        }
        var deployments = new List<JsonNode>();
        for (var i = 0; i < agents; i++)
            deployments.Add(await AgentAsync(ns, $"agent-{i}", isShared, cancellationToken));
        var made = new SimulatedPod[count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
            async (i, token) => made[i] = await PodAsync(ns, $"agent-{i % agents}", deployments[i % agents], i, token)
        );
        pods.AddRange(made);
        var account = isShared ? AccountKey.Shared(ns, "team") : AccountKey.Serving(ns, "agent-0");
        return new Fleet(made, options.Namespace, account.LedgerName);
    }

    /// <summary>Makes a namespace with a service account.</summary>
    public async Task NamespaceAsync(string ns, CancellationToken cancellationToken)
    {
        await Api.CreateAsync(Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = ns } }, cancellationToken);
        await Api.CreateAsync(
            Accounts,
            ns,
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = ServiceAccount } },
            cancellationToken
        );
    }

    /// <summary>Fails where the operator has ended.</summary>
    public void MustRun()
    {
        if (!Directory.Exists($"/proc/{process!.Id}"))
            throw new InvalidOperationException("the operator has ended");
    }

    /// <summary>The operator's last words.</summary>
    public string Log => process?.Log ?? "";

    public async ValueTask DisposeAsync()
    {
        foreach (var pod in pods)
        {
            await pod.StopAsync();
            pod.Dispose();
        }
        if (process is not null)
            await process.DisposeAsync();
        await plane.DisposeAsync();
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartAsync(string published, Action<string> say)
    {
        await plane.InitializeAsync();
        Api = new KubernetesApi(plane.CreateClient(), "bench", pacing: new RequestPacing { RequestsPerSecond = 100_000, Burst = 10_000 });
        say("etcd and the API server answer");
        using (var leaf = authority.Issue())
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), leaf.ExportCertificatePem());
            await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
            File.Copy(authority.Path, Path.Combine(folder, "ca.crt"));
        }
        var port = Ports.Free();
        options = new OperatorOptions
        {
            Namespace = "agent-readiness",
            PodName = "operator",
            PodIp = "127.0.0.1",
            GuardrailImage = "guardrail:1",
            EvalRunnerImage = "eval-runner:1",
            GrantsUrl = $"https://localhost:{port}",
            GrantsTlsDirectory = folder,
            GrantsPort = port,
            MetricsPort = Ports.Free(),
            HealthPort = Ports.Free(),
        };
        await NamespaceAsync(options.Namespace, CancellationToken.None);
        process = new OperatorProcess(options, plane.WriteKubeconfig(folder), published);
        Counters = new Counters(Api, process.Id);
        await process.Leads.WaitAsync(StartLimit);
        say("the operator leads");
    }

    // The operator makes its Deployment; no controllers run that would make pods of it.
    private async Task<JsonNode> AgentAsync(string ns, string name, bool isShared, CancellationToken cancellationToken)
    {
        var body = Samples.Agent(ns, name);
        Samples.Set(body, "spec.replicas", 1);
        Samples.Set(body, "spec.evals", null);
        Samples.Set(body, "spec.template.spec.serviceAccountName", ServiceAccount);
        Samples.Set(body, "spec.budget.windows[0].maxCost", cap);
        if (isShared)
            Samples.Set(body, "spec.budget.sharedBudgets", new JsonArray("team"));
        await Api.CreateAsync(ResourceType.Of<AgentDeployment>(), ns, body, cancellationToken);
        var made = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var feed = new Feed(
            Api,
            DeploymentView.Resource,
            ns,
            seen =>
            {
                if (seen.Label(Names.AgentLabel) == name && seen.Label(Names.TrackLabel) == Names.ServingTrack)
                    made.TrySetResult(seen.Object);
            }
        );
        try
        {
            return await made.Task.WaitAsync(StartLimit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the operator made no Deployment of {ns}/{name}\n{Log}");
        }
    }

    // What the Deployment's controller and a kubelet would make: the pod, and its projected token.
    private async Task<SimulatedPod> PodAsync(string ns, string agent, JsonNode deployment, int index, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{agent}-{index:0000}");
        var labels = deployment.At("spec", "template", "metadata", "labels")!.DeepClone();
        var spec = deployment.At("spec", "template", "spec")!.DeepClone();
        spec["nodeName"] = "hollow";
        var owner = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["name"] = $"{deployment.Text("metadata", "name")}-hollow",
            ["uid"] = deployment.Text("metadata", "uid"),
            ["controller"] = true,
        };
        var pod = await Api.CreateAsync(
            PodView.Resource,
            ns,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["labels"] = labels,
                    ["ownerReferences"] = new JsonArray(owner),
                },
                ["spec"] = spec,
            },
            cancellationToken
        );
        var request = await Api.SendAsync(
            HttpMethod.Post,
            Accounts.Path(ns, ServiceAccount, "token"),
            Samples.TokenRequest(GrantProtocol.Audience, (name, pod.Text("metadata", "uid")!)),
            "application/json",
            cancellationToken
        );
        return new SimulatedPod(
            Path.Combine(folder, ns, name),
            new GuardrailIdentity
            {
                Namespace = ns,
                Name = agent,
                Revision = labels.Text(Names.RevisionLabel)!,
                Track = Names.ServingTrack,
            },
            options.GrantsUrl,
            authority.Path,
            request.Text("status", "token")!
        );
    }
}

/// <summary>Pods that spend one budget.</summary>
/// <param name="Pods">The pods.</param>
/// <param name="Namespace">Where the ledger is.</param>
/// <param name="Ledger">The name of the account that they spend, of the shared one where there is one.</param>
internal sealed record Fleet(IReadOnlyList<SimulatedPod> Pods, string Namespace, string Ledger);
