using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using k8s.Models;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// The smallest cluster on which decisions can be tried: it holds what was written, and each thing that a real cluster does by
/// itself (pods come up, evals end) is a step that the test takes.
/// </summary>
internal sealed class SimulatedCluster
{
    private readonly Dictionary<string, DeploymentView> deployments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceView> services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigMapView> copies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EvalRun> runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigMapView> configMaps = new(StringComparer.Ordinal);
    private int uids;

    public SimulatedCluster(AgentDeployment? agent = null)
    {
        Agent = agent ?? Sample();
        SetPrompt("v1");
    }

    public AgentDeployment Agent { get; }

    public DateTimeOffset Now { get; set; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public BudgetLedgerStatus? Ledger { get; set; }

    /// <summary>The account of all evaluations of the agent.</summary>
    public BudgetLedgerStatus? Evaluations { get; set; }

    public List<ReadinessException> Exceptions { get; } = [];

    public List<PodView> Pods { get; } = [];

    public Dictionary<string, IReadOnlyList<string>> Claims { get; } = new(StringComparer.Ordinal);

    /// <summary>What the suite names and is not lent; null: nothing.</summary>
    public string? SuiteNotLent { get; set; }

    /// <summary>ServiceAccounts, Secrets and claims with the label that lends them to templates.</summary>
    public HashSet<string> Lent { get; } = new(StringComparer.Ordinal);

    /// <summary>From Secrets to the hosts of their annotation.</summary>
    public Dictionary<string, string> Hosts { get; } = new(StringComparer.Ordinal);

    public DisruptionView? Disruption { get; private set; }

    /// <summary>The prices in force beside the shipped ones.</summary>
    public GuardrailPrices? Prices { get; set; }

    /// <summary>What guardrails are to trust.</summary>
    public string Authority { get; set; } = "CA";

    /// <summary>The endpoints controller has not got to it yet.</summary>
    public bool EndpointsLag { get; set; }

    public EvalSuite? Suite { get; set; } =
        new()
        {
            Spec = new EvalSuiteSpec
            {
                AllowedNamespaces = ["shop"],
                Builtin = new BuiltinSuite
                {
                    Cases = new KeyReference { Name = "cases", Key = "cases.jsonl" },
                },
            },
        };

    public List<EventNote> Events { get; } = [];

    public IReadOnlyDictionary<string, DeploymentView> Deployments => deployments;

    public IReadOnlyDictionary<string, ServiceView> Services => services;

    public IReadOnlyDictionary<string, ConfigMapView> Copies => copies;

    public IReadOnlyCollection<EvalRun> Runs => runs.Values;

    /// <summary>The revision that the Service sends traffic to, or null.</summary>
    public string? Served =>
        services.GetValueOrDefault("support") is { } service && service.Selector.GetValueOrDefault(Names.TrackLabel) == Names.ServingTrack
            ? service.Selector.GetValueOrDefault(Names.RevisionLabel)
            : null;

    /// <summary>The revision that the spec declares.</summary>
    public string Declared => Revision.Compute(Agent.Spec, configMaps.ToDictionary(map => map.Key, map => map.Value.Digest)).Hash;

    /// <summary>From each revision that gets traffic through the Service to its pods.</summary>
    public IReadOnlyDictionary<string, int> Traffic =>
        services.GetValueOrDefault("support") is not { } service
            ? new Dictionary<string, int>()
            : deployments
                .Values.Where(deployment =>
                    deployment.Pods.Available > 0 && service.Selector.All(entry => deployment.Meta.Label(entry.Key) == entry.Value)
                )
                .ToDictionary(deployment => deployment.Revision!.Value.Hash, deployment => deployment.Pods.Available);

    public static AgentDeployment Sample() =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = "support",
                NamespaceProperty = "shop",
                Uid = "agent-uid",
                Generation = 1,
                ResourceVersion = "1",
            },
            Spec = new AgentDeploymentSpec
            {
                Replicas = 2,
                Ports =
                [
                    new AgentPort
                    {
                        Name = "http",
                        Port = 80,
                        TargetPort = 8080,
                    },
                ],
                Template = (JsonObject)
                    JsonNode.Parse(
                        """
                        {"spec": {"containers": [{"name": "agent", "image": "agent:1", "envFrom": [{"configMapRef": {"name": "prompt"}}]}]}}
                        """
                    )!,
                Evals =
                [
                    new EvalRequirement
                    {
                        Suite = new NamespacedReference { Namespace = "agent-evals", Name = "golden" },
                        MinScore = "0.90",
                    },
                ],
                Budget = new BudgetSpec { Windows = [new BudgetWindow { Period = BudgetPeriod.Day, MaxCost = "50" }] },
            },
        };

    public void SetPrompt(string content) =>
        configMaps["prompt"] = new ConfigMapView(Meta("prompt", null, new Dictionary<string, string>()), $"digest-of-{content}");

    /// <summary>Shared budgets that bind the agent.</summary>
    public IReadOnlyList<SharedBudgetView> Shared { get; set; } = [];

    /// <summary>So much is spent of the first window, and whether a call was refused for it.</summary>
    public void Spend(string settled, bool exhausted = false, string by = "0.5") => Ledger = Spent(Ledger!, settled, exhausted, by);

    public static BudgetLedgerStatus Spent(BudgetLedgerStatus ledger, string settled, bool exhausted = false, string by = "0.5")
    {
        var first = LedgerLimits.Current(ledger).First();
        var spent = first with
        {
            ClosedSettled = Money.Parse(settled),
            Exhausted = exhausted ? true : null,
            ExhaustedBy = exhausted ? Money.Parse(by) : null,
            ExhaustedAt = exhausted ? new DateTime(2026, 11, 22, 8, 0, 0, DateTimeKind.Utc) : null,
        };
        return LedgerLimits.Sum(ledger with { Limits = [.. ledger.Limits.Select(limit => limit == first ? spent : limit)] });
    }

    public void RemovePrompt() => configMaps.Clear();

    public AgentObservation Observe() =>
        new AgentObservation(
            Agent,
            new AgentInputs
            {
                ConfigMaps = configMaps,
                Claims = Claims,
                Suites =
                [
                    .. Agent.Spec.Evals.Select(_ => new SuiteView(Suite, Suite is null ? null : "cases-digest") { NotLent = SuiteNotLent }),
                ],
                Exceptions = Exceptions,
                Lent = new LentObjects
                {
                    Accounts = Lent,
                    Secrets = Lent,
                    Claims = Lent,
                    Hosts = Hosts,
                },
                ForeignServices = [.. services.Values.Where(service => service.IsForeign)],
            },
            new AgentChildren
            {
                Copies = [.. copies.Values],
                Deployments = [.. deployments.Values],
                Services = services,
                EndpointPods = EndpointPods(),
                Pods = Pods,
                Disruption = Disruption,
                Runs = [.. runs.Values],
            },
            new AgentFunds
            {
                Ledger = Ledger,
                Evaluations = Evaluations,
                Shared = Shared,
                Prices = Prices,
            },
            new OperatorEnvironment(
                "guardrail:1",
                "https://grants",
                Authority,
                new ServerFeatures(false, DisruptionView.Resource("v1"), EndpointsView.Slices("v1")),
                ["platform"]
            ),
            Now
        );

    // What the endpoints controller makes of the Service's selector.
    private IReadOnlyList<string> EndpointPods() =>
        EndpointsLag || Served is null || !deployments.TryGetValue($"support-{Served}", out var deployment)
            ? []
            : [.. Enumerable.Range(0, deployment.Pods.Available).Select(pod => $"{deployment.Meta.Key.Name}-rs-{pod}")];

    /// <summary>Decides and writes, until nothing changes any more; returns how many passes wrote something.</summary>
    public int Settle(int limit = 20)
    {
        for (var pass = 0; pass < limit; pass++)
        {
            if (!Reconcile())
                return pass;
        }
        throw new InvalidOperationException("no fixed point");
    }

    /// <summary>One pass; true where it changed anything.</summary>
    public bool Reconcile()
    {
        var decision = AgentDecider.Decide(Observe());
        var changed = decision.Writes.Aggregate(false, (any, write) => Act(write) | any);
        var before = Agent.Status is null ? "{}" : KubernetesJson.Serialize(Agent.Status);
        changed |= before != KubernetesJson.Serialize(decision.Status);
        Agent.Status = decision.Status;
        Events.AddRange(decision.Events);
        return changed;
    }

    /// <summary>The pods of every Deployment come up (or go) as wanted.</summary>
    public void PodsComeUp()
    {
        foreach (var (name, view) in deployments)
            deployments[name] = view with
            {
                Observed = true,
                Pods = new PodCounts(view.Pods.Wanted, view.Pods.Wanted, view.Pods.Wanted, view.Pods.Wanted, view.Pods.Wanted),
            };
    }

    /// <summary>Every EvalRun that is not over ends.</summary>
    public void EvalsEnd(EvalPhase phase)
    {
        foreach (var (name, run) in runs.Where(run => run.Value.Status?.Phase is null).ToList())
        {
            runs[name] = new EvalRun
            {
                Metadata = run.Metadata,
                Spec = run.Spec,
                Status = new EvalRunStatus
                {
                    Phase = phase,
                    FinishedAt = Now.UtcDateTime,
                    Kept = 10,
                    Score = phase == EvalPhase.Passed ? "0.98" : "0.5",
                    Message = $"{phase}: score 0.5, needed 0.90",
                    Failing = phase == EvalPhase.Failed ? ["case-1"] : [],
                },
            };
        }
    }

    /// <summary>The whole way of a revision that passes.</summary>
    public string PromoteDeclared()
    {
        Settle();
        PodsComeUp();
        Settle();
        EvalsEnd(EvalPhase.Passed);
        Settle();
        PodsComeUp();
        Settle();
        return Agent.Status!.ServingRevision!;
    }

    public void Tamper(string service, string revision) =>
        services[service] = services[service] with
        {
            Selector = new Dictionary<string, string>(services[service].Selector) { [Names.RevisionLabel] = revision },
        };

    public void AddForeignService(string name, IReadOnlyDictionary<string, string>? selector = null) =>
        services[name] = new ServiceView(
            Meta(name, "somebody-else", new Dictionary<string, string>()),
            selector ?? new Dictionary<string, string>()
        );

    /// <summary>A run that somebody else than the operator made.</summary>
    public void AddForeignRun(EvalRun run) => runs[run.Metadata.Name] = run;

    public void RemoveService(string name) => services.Remove(name);

    /// <summary>Somebody edits a Deployment.</summary>
    public void Edit(string deployment, Func<DeploymentView, DeploymentView> change) =>
        deployments[deployment] = change(deployments[deployment]);

    /// <summary>Somebody deletes or replaces one of our copies.</summary>
    public void ReplaceCopy(string name, string? digest)
    {
        if (digest is null)
            copies.Remove(name);
        else
            copies[name] = copies[name] with { Digest = digest };
    }

    public void Except(string revision, TimeSpan lasts, string ns = "platform") =>
        Exceptions.Add(
            new ReadinessException
            {
                Metadata = new V1ObjectMeta
                {
                    Name = $"rex-{Exceptions.Count}",
                    NamespaceProperty = ns,
                    Uid = $"rex-{Exceptions.Count}",
                },
                Spec = new ReadinessExceptionSpec
                {
                    Agent = new NamespacedReference { Namespace = "shop", Name = "support" },
                    Revision = revision,
                    Gates = [ExceptionGate.Evals],
                    Reason = "TICKET-1",
                    RequestedBy = "jo",
                    ExpiresAt = (Now + lasts).UtcDateTime,
                },
            }
        );

    public void Decide(DecisionAction action, string revision, int attempt = 1)
    {
        Agent.Spec.Rollout ??= new RolloutSpec();
        Agent.Spec.Rollout.Decision = new RolloutDecision
        {
            Action = action,
            Revision = revision,
            Attempt = attempt,
            Reason = "because",
        };
    }

    public Condition? Condition(string type) => Agent.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private bool Act(Write write)
    {
        switch (write)
        {
            case Write.Apply { Resource.Kind: "Deployment" } apply:
                return Apply(apply.Body);
            case Write.Apply { Resource.Kind: "Service" } apply:
                var service = new ServiceView(
                    Meta(Name(apply.Body), "agent-uid", Labels(apply.Body["metadata"]!["labels"])),
                    Labels(apply.Body["spec"]!["selector"])
                );
                var known = services.GetValueOrDefault(service.Meta.Key.Name);
                services[service.Meta.Key.Name] = service;
                return known is null
                    || known.Selector.Count != service.Selector.Count
                    || !known.Selector.OrderBy(entry => entry.Key).SequenceEqual(service.Selector.OrderBy(entry => entry.Key));
            case Write.Apply { Resource.Kind: "PodDisruptionBudget" } apply:
                var fresh = Disruption is null;
                Disruption = new DisruptionView(Meta(Name(apply.Body), "agent-uid", Labels(apply.Body["metadata"]!["labels"])));
                return fresh;
            case Write.Delete { Resource.Kind: "PodDisruptionBudget" }:
                Disruption = null;
                return true;
            case Write.Apply apply:
                var config = new ConfigMapView(
                    Meta(Name(apply.Body), "agent-uid", Labels(apply.Body["metadata"]!["labels"])),
                    apply.Body["data"]!.ToJsonString(),
                    apply.Body["data"]![GuardrailPrices.Key]?.GetValue<string>() is { } file ? GuardrailPrices.DigestOf(file) : null
                )
                {
                    CaDigest = TrustBundle.DigestOf(apply.Body["data"]!["ca.crt"]!.GetValue<string>()),
                };
                var changed = copies.GetValueOrDefault(config.Meta.Key.Name)?.Digest != config.Digest;
                copies[config.Meta.Key.Name] = config;
                return changed;
            case Write.Copy copy:
                copies[Name(copy.Body)] = new ConfigMapView(
                    Meta(Name(copy.Body), "agent-uid", Labels(copy.Body["metadata"]!["labels"])),
                    copy.Digest
                );
                return true;
            case Write.Verify verify:
                deployments[verify.Deployment.Name].IsWhole(verify.Pods).ShouldBeTrue("the decision did not see it so");
                return false;
            case Write.Scale scale:
                deployments[scale.Deployment.Name] = deployments[scale.Deployment.Name] with
                {
                    Pods = deployments[scale.Deployment.Name].Pods with { Wanted = scale.Replicas },
                    Observed = false,
                };
                return true;
            case Write.SetPrices set:
                copies[set.ConfigMap.Name] = copies[set.ConfigMap.Name] with
                {
                    PricesDigest = set.Text is null ? null : GuardrailPrices.DigestOf(set.Text),
                };
                return true;
            case Write.SetAuthority set:
                copies[set.ConfigMap.Name] = copies[set.ConfigMap.Name] with { CaDigest = TrustBundle.DigestOf(set.Text) };
                return true;
            case Write.CreateRun create:
                var run = KubernetesJson.Deserialize<EvalRun>(create.Body.ToJsonString());
                run.Metadata.Uid = $"uid-{++uids}";
                run.Metadata.CreationTimestamp = Now.UtcDateTime;
                return runs.TryAdd(run.Metadata.Name, run);
            case Write.Delete delete:
                return deployments.Remove(delete.Key.Name)
                    | services.Remove(delete.Key.Name)
                    | copies.Remove(delete.Key.Name)
                    | runs.Remove(delete.Key.Name);
            case Write.RefreshLedger:
                var terms = BudgetWindows.Serving(Agent.Spec, [.. Shared.Select(shared => shared.Budget)], Now);
                Ledger = Overruns.Acknowledge(
                    LedgerLimits.Open(Ledger ?? new BudgetLedgerStatus(), terms, Now, "ledger"),
                    terms.Acknowledged
                );
                return true;
            default:
                throw new NotSupportedException(write.ToString());
        }
    }

    private bool Apply(JsonObject body)
    {
        var name = Name(body);
        var replicas = body["spec"]!["replicas"]!.GetValue<int>();
        if (deployments.TryGetValue(name, out var view))
        {
            if (view.Pods.Wanted == replicas && view.ForeignManagers.Count == 0)
                return false;
            deployments[name] = view with { Pods = view.Pods with { Wanted = replicas }, Observed = false, ForeignManagers = [] };
            return true;
        }
        var labels = Labels(body["metadata"]!["labels"]);
        deployments[name] = new DeploymentView(
            Meta(name, "agent-uid", labels),
            new PodCounts(replicas, 0, 0, 0, 0),
            false,
            null,
            "guardrail:1",
            [],
            JsonSerializer.Deserialize<Dictionary<string, string>>(
                body["metadata"]!["annotations"]![Names.ConfigDigestsAnnotation]!.GetValue<string>()
            )!
        )
        {
            Keys =
            [
                .. (body["spec"]!["template"]?["spec"]?["volumes"]?.AsArray() ?? [])
                    .Select(volume => GuardrailSidecar.KeyOf((string?)volume!["name"], (string?)volume["secret"]?["secretName"]))
                    .OfType<string>(),
            ],
        };
        return true;
    }

    private Meta Meta(string name, string? owner, IReadOnlyDictionary<string, string> labels) =>
        new(
            new NamespacedName("shop", name),
            $"uid-{++uids}",
            owner switch
            {
                null => null,
                "agent-uid" => new ControllerReference("AgentDeployment", "support", owner),
                _ => new ControllerReference("Other", "other", owner),
            },
            labels,
            Now,
            false,
            "1"
        );

    private static string Name(JsonObject body) => body["metadata"]!["name"]!.GetValue<string>();

    private static Dictionary<string, string> Labels(JsonNode? node) =>
        ((JsonObject)node!).ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<string>(), StringComparer.Ordinal);
}
