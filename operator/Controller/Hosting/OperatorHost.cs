using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.AgentBudgets;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.ReadinessExceptions;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Prometheus;

namespace AgentReadiness.Controller.Hosting;

/// <summary>Puts the operator together and runs it.</summary>
public static class OperatorHost
{
    /// <summary>How fast ledgers are written, and how fast tokens are reviewed: a call waits for either.</summary>
    private static readonly RequestPacing Money = new() { RequestsPerSecond = 200, Burst = 200 };

    /// <summary>Runs until SIGTERM; the exit code is not zero after a lost leadership.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var options = OperatorOptions.FromEnvironment(Environment.GetEnvironmentVariable);
        var client = new Kubernetes(Configuration());
        var app = await BuildAsync(options, client, cancellationToken);
        await app.RunAsync(cancellationToken);
        return Environment.ExitCode;
    }

    /// <summary>Builds the host without starting it.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="client">The API server.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <param name="adjust">The last word about the services, for tests: a short Lease, another clock. Users have no such knobs.</param>
    public static async Task<WebApplication> BuildAsync(
        OperatorOptions options,
        Kubernetes client,
        CancellationToken cancellationToken,
        Action<IServiceCollection>? adjust = null
    )
    {
        // Not the default builder: it watches the content root for settings files, and a container's root holds /proc.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddJsonConsole(console => console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));

        var api = new KubernetesApi(client, Names.Operator);
        var around = new Surroundings(
            options.GuardrailImage,
            options.GrantsUrl,
            GrantsCa: string.Empty,
            await HasNativeSidecarsAsync(api, cancellationToken),
            DisruptionView.Resource(await PolicyVersionAsync(api, cancellationToken)),
            [options.Namespace]
        );

        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = 64 * 1024;
                kestrel.ListenAnyIP(options.HealthPort);
                kestrel.ListenAnyIP(options.MetricsPort);
                // Asked at each handshake: a new certificate needs no restart, and one that comes later than the process is served then.
                var certificates = kestrel.ApplicationServices.GetRequiredService<GrantCertificates>();
                kestrel.ListenAnyIP(
                    options.GrantsPort,
                    listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificates.Leaf)
                );
            });
        AddServices(builder.Services, options, api, around);
        // With a pace of its own: a call that waits for money must not wait behind a thousand rollouts. Nor behind the reports of other
        // accounts, of which each busy one is written every two seconds; no account has more than one write in flight.
        builder.Services.AddKeyedSingleton(LedgerDesk.Api, new KubernetesApi(client, Names.Operator, pacing: Money));
        // Nor behind the tokens of all pods, which come to a new leader at once.
        builder.Services.AddKeyedSingleton(TokenReviews.Api, new KubernetesApi(client, Names.Operator, pacing: Money));
        adjust?.Invoke(builder.Services);

        var app = builder.Build();
        Map(app, options);
        return app;
    }

    private static void AddServices(IServiceCollection services, OperatorOptions options, KubernetesApi api, Surroundings around)
    {
        services.AddSingleton(options).AddSingleton(api).AddSingleton(around).AddSingleton(TimeProvider.System);
        services.AddSingleton(
            new LeaderElectionOptions
            {
                Namespace = options.Namespace,
                Name = Names.Operator,
                Identity = $"{options.PodName}/{options.PodIp}",
            }
        );
        services
            .AddSingleton<LeaderElector>()
            .AddSingleton<AgentObserver>()
            .AddSingleton<AppliedWrites>()
            .AddSingleton<GrantEndpoint>()
            .AddSingleton<LedgerDesk>()
            .AddSingleton<TokenReviews>()
            .AddSingleton<VerdictWriter>()
            .AddSingleton<SubmissionEndpoint>()
            .AddSingleton<PriceBook>()
            .AddSingleton<PriceNews>();
        services.AddSingleton(provider => new EventRecorder(
            api,
            Names.Operator,
            TimeProvider.System,
            provider.GetRequiredService<ILogger<EventRecorder>>()
        ));

        services
            .AddKubernetesOperator()
            .AddCaches(around, options)
            .AddLeaderTask<LedgerDesk>()
            .AddLeaderTask<PriceNews>()
            .AddCertificates(options)
            .AddController<EvalRunController, EvalRun>(wiring =>
                wiring
                    .Wakes(wake =>
                        wiring.Services.GetRequiredService<GrantCertificates>().Changed += () =>
                        {
                            foreach (
                                var run in wiring.Services.GetRequiredService<ObjectCache<EvalRun>>().List().Where(run => !run.View.IsOver)
                            )
                                wake(run.Key);
                        }
                    )
                    .Watches<JobView>(entry => [entry.Key])
                    .Watches<PodView>(entry =>
                        entry.View.Meta.Label(Names.EvalRunLabel) is { } run ? [new NamespacedName(entry.Key.Namespace, run)] : []
                    )
                    // A run that ends, or goes, leaves a place to those that wait.
                    .Watches<EvalRun>(entry =>
                        EvalQueue.StateOf(entry.View) != EvalQueue.Waiting
                            ? wiring
                                .Services.GetRequiredService<ObjectCache<EvalRun>>()
                                .ByIndex(CacheIndexes.ByState, EvalQueue.Waiting)
                                .Select(run => run.Key)
                            : []
                    )
                    .Watches<AgentDeployment>(entry =>
                        wiring
                            .Services.GetRequiredService<ObjectCache<EvalRun>>()
                            .ByIndex(CacheIndexes.ByAgent, entry.Key.ToString())
                            .Select(run => run.Key)
                    )
            )
            .AddController<ReadinessExceptionController, ReadinessException>(wiring =>
                wiring.Watches<AgentDeployment>(entry =>
                    wiring
                        .Services.GetRequiredService<ObjectCache<ReadinessException>>()
                        .ByIndex(CacheIndexes.ByAgent, entry.Key.ToString())
                        .Select(exception => exception.Key)
                )
            )
            .AddController<AgentBudgetController, AgentBudget>(wiring =>
                wiring
                    .Watches<BudgetLedger>(entry =>
                        entry.View.Spec.Account == LedgerAccount.Shared
                            ? [new NamespacedName(entry.View.Spec.Namespace, entry.View.Spec.Agent)]
                            : []
                    )
                    .Watches<AgentDeployment>(entry =>
                        wiring
                            .Services.GetRequiredService<LedgerDesk>()
                            .Shared(entry.Key.Namespace, entry.View)
                            .Where(shared => shared.Budget is not null)
                            .Select(shared => new NamespacedName(shared.Account.Namespace, shared.Account.Agent))
                    )
            )
            .AddController<AgentDeploymentController, AgentDeployment>(WatchAll);
    }

    private static IOperatorBuilder AddCertificates(this IOperatorBuilder builder, OperatorOptions options)
    {
        if (options.GrantsSecretKey is { } secret)
        {
            builder
                .Services.AddSingleton<GrantCertificates, SecretCertificates>()
                .AddSingleton<GrantSpread>()
                .AddSingleton<CertificateRotation>();
            return builder.AddCache(SecretCertificates.Resource, CertificateView.Of, only: secret).AddLeaderTask<CertificateRotation>();
        }
        builder
            .Services.AddSingleton<FileCertificates>()
            .AddSingleton<GrantCertificates>(provider => provider.GetRequiredService<FileCertificates>())
            .AddHostedService(provider => provider.GetRequiredService<FileCertificates>());
        return builder;
    }

    private static void WatchAll(ControllerWiring wiring)
    {
        var agents = wiring.Services.GetRequiredService<ObjectCache<AgentDeployment>>();
        var suites = wiring.Services.GetRequiredService<ObjectCache<EvalSuite>>();
        var options = wiring.Services.GetRequiredService<OperatorOptions>();
        var prices = options.Prices;
        IEnumerable<NamespacedName> Child(Meta meta) =>
            meta.Label(Names.AgentLabel) is { } agent ? [new NamespacedName(meta.Key.Namespace, agent)] : [];
        IEnumerable<NamespacedName> Users(NamespacedName suite) =>
            agents.ByIndex(CacheIndexes.BySuite, suite.ToString()).Select(agent => agent.Key);
        wiring
            .Wakes(wake =>
                wiring.Services.GetRequiredService<GrantCertificates>().Changed += () =>
                {
                    foreach (var agent in agents.List())
                        wake(agent.Key);
                }
            )
            .Watches<DeploymentView>(entry => Child(entry.View.Meta))
            .Watches<PodView>(entry => Child(entry.View.Meta))
            .Watches<EndpointsView>(entry => Child(entry.View.Meta))
            // A foreign Service of an agent's name, with no label of ours, matters as much as our own.
            .Watches<ServiceView>(entry =>
                Child(entry.View.Meta)
                    .Append(entry.Key)
                    .Concat(
                        CacheIndexes.IsForeign(entry.View)
                            ? agents.ByIndex(CacheIndexes.ByNamespace, entry.Key.Namespace).Select(agent => agent.Key)
                            : []
                    )
            )
            .Watches<ClaimView>(entry => agents.ByIndex(CacheIndexes.ByClaim, entry.Key.ToString()).Select(agent => agent.Key))
            .Watches<DisruptionView>(entry => Child(entry.View.Meta).Append(entry.Key))
            .Watches<ReadinessException>(entry =>
                [new NamespacedName(entry.View.Spec.Agent.Namespace ?? entry.Key.Namespace, entry.View.Spec.Agent.Name)]
            )
            .Watches<ConfigMapView>(entry =>
                Child(entry.View.Meta)
                    .Concat(agents.ByIndex(CacheIndexes.ByConfigMap, entry.Key.ToString()).Select(agent => agent.Key))
                    .Concat(suites.ByIndex(CacheIndexes.ByCases, entry.Key.ToString()).SelectMany(suite => Users(suite.Key)))
                    .Concat(entry.Key == prices ? agents.List().Select(agent => agent.Key) : [])
            )
            .Watches<EvalSuite>(entry => Users(entry.Key))
            .Watches<EvalRun>(entry => [new NamespacedName(entry.View.Spec.Agent.Namespace!, entry.View.Spec.Agent.Name)])
            .Watches<BudgetLedger>(entry =>
                entry.View.Spec.Account == LedgerAccount.Serving
                    ? [new NamespacedName(entry.View.Spec.Namespace, entry.View.Spec.Agent)]
                    : []
            )
            // What a shared budget declares binds others; what it counts matters to them when it begins or ends to refuse, which its own
            // status tells.
            .Watches<AgentBudget>(entry =>
                (
                    entry.Key.Namespace == options.Namespace ? agents.List() : agents.ByIndex(CacheIndexes.ByNamespace, entry.Key.Namespace)
                ).Select(agent => agent.Key)
            );
    }

    // By the port that a request came in on, never by its Host header, which the caller chooses.
    private static void Map(WebApplication app, OperatorOptions options)
    {
        var readiness = app.Services.GetRequiredService<OperatorReadiness>();
        var grants = app.Services.GetRequiredService<GrantEndpoint>();
        var submissions = app.Services.GetRequiredService<SubmissionEndpoint>();
        app.UseMetricServer(options.MetricsPort);
        app.MapWhen(
            context => context.Connection.LocalPort == options.HealthPort,
            health =>
                health.Run(context =>
                {
                    (context.Response.StatusCode, var text) = context.Request.Path.Value switch
                    {
                        "/healthz" => (StatusCodes.Status200OK, "ok"),
                        "/readyz" when readiness.IsReady => (StatusCodes.Status200OK, "ok"),
                        "/readyz" => (StatusCodes.Status503ServiceUnavailable, $"waiting for {string.Join(", ", readiness.Missing)}"),
                        _ => (StatusCodes.Status404NotFound, "not found"),
                    };
                    return context.Response.WriteAsync(text);
                })
        );
        app.MapWhen(
            context => context.Connection.LocalPort == options.GrantsPort,
            grant =>
                grant.Run(context =>
                {
                    if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == GrantProtocol.Path)
                        return grants.HandleAsync(context);
                    if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == SubmissionProtocol.Path)
                        return submissions.HandleAsync(context);
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    return Task.CompletedTask;
                })
        );
    }

    // Kubernetes 1.29 runs native sidecars by default; before, an init container that never ends keeps the pod from starting.
    private static async Task<bool> HasNativeSidecarsAsync(KubernetesApi api, CancellationToken cancellationToken)
    {
        var version = await api.SendAsync(HttpMethod.Get, "/version", null, null, cancellationToken);
        int Number(string name) =>
            int.TryParse(new string([.. version[name]!.GetValue<string>().TakeWhile(char.IsAsciiDigit)]), out var number) ? number : 0;
        return Number("major") > 1 || Number("minor") >= 29;
    }

    // policy/v1 came with Kubernetes 1.21, and v1beta1 went with 1.25.
    private static async Task<string> PolicyVersionAsync(KubernetesApi api, CancellationToken cancellationToken)
    {
        var group = await api.SendAsync(HttpMethod.Get, "/apis/policy", null, null, cancellationToken);
        return group["versions"]!.AsArray().Any(version => version!["version"]!.GetValue<string>() == "v1") ? "v1" : "v1beta1";
    }

    private static KubernetesClientConfiguration Configuration()
    {
        var configuration = KubernetesClientConfiguration.IsInCluster()
            ? KubernetesClientConfiguration.InClusterConfig()
            : KubernetesClientConfiguration.BuildDefaultConfig();
        // A connection that died without a word is noticed within a minute, and its watches with it; client-go's numbers.
        configuration.FirstMessageHandlerSetup = handler =>
            (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout) = (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(15));
        return configuration;
    }
}
