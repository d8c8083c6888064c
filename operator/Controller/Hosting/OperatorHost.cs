using AgentReadiness.Api;
using AgentReadiness.Controller.AgentBudgets;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Lending;
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
        builder.Logging.AddJsonConsole(console =>
        {
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            // The scope of a reconciliation names its ID.
            console.IncludeScopes = true;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));

        var api = new KubernetesApi(client, Names.Operator);
        var environment = new OperatorEnvironment(
            options.GuardrailImage,
            options.GrantsUrl,
            GrantsCa: string.Empty,
            await ServerDiscovery.ReadAsync(api, options.Namespace, cancellationToken),
            [options.Namespace]
        )
        {
            GuardrailResources = options.GuardrailResources,
            RunnerResources = options.RunnerResources,
            Authors = options.Authors,
        };

        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                // Of a request that is refused the rest is read and dropped, up to here: else the sender would not hear the refusal,
                // because its connection is cut while it writes.
                kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
                kestrel.ListenAnyIP(options.HealthPort);
                kestrel.ListenAnyIP(options.MetricsPort);
                // Asked at each handshake: a new certificate needs no restart, and one that comes later than the process is served then.
                var certificates = kestrel.ApplicationServices.GetRequiredService<GrantCertificates>();
                kestrel.ListenAnyIP(
                    options.GrantsPort,
                    listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificates.Leaf)
                );
            });
        AddServices(builder.Services, options, client, api, environment);
        adjust?.Invoke(builder.Services);

        var app = builder.Build();
        Map(app, options);
        return app;
    }

    private static void AddServices(
        IServiceCollection services,
        OperatorOptions options,
        Kubernetes client,
        KubernetesApi api,
        OperatorEnvironment environment
    )
    {
#pragma warning disable RS0030 // A host: this is where the clock is chosen.
        var time = TimeProvider.System;
#pragma warning restore RS0030
        services.AddSingleton(options).AddSingleton(options.Controllers).AddSingleton(api).AddSingleton(environment).AddSingleton(time);
        services.AddSingleton(
            new LeaderElectionOptions
            {
                Namespace = options.Namespace,
                Name = Names.Operator,
                Identity = $"{options.PodName}/{options.PodIp}",
            }
        );
        services.AddSingleton<LeaderElector>();
        services
            .AddKubernetesOperator()
            .AddSharedCaches(options, client)
            .AddLending(environment)
            .AddLedgers(client)
            .AddPrices(options)
            .AddCertificates(options)
            .AddEvalSuites()
            .AddReadinessExceptions()
            .AddAgentBudgets()
            .AddAgentDeployments(environment)
            .AddEvalRuns()
            .AddEndpoints(client);
    }

    // By the port that a request came in on, never by its Host header, which the caller chooses.
    private static void Map(WebApplication app, OperatorOptions options)
    {
        var readiness = app.Services.GetRequiredService<OperatorReadiness>();
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
        app.MapEndpoints(options);
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
