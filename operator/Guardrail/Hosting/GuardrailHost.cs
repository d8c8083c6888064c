using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Inbound;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.SideEffects;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentReadiness.Guardrail.Hosting;

/// <summary>Puts the program together.</summary>
internal static class GuardrailHost
{
    // How long the closing report is tried where no operator answers, and then what is left for connections: what a pod keeps of its grace
    // for it, and a little less.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(GuardrailTimes.AfterDrain - 5);

    /// <summary>Builds a server that has not started yet.</summary>
    /// <param name="options">Where it finds its files and listens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logging">Where it logs; null: to standard output.</param>
    /// <param name="services">Puts other parts in the place of its own; null: none.</param>
    /// <exception cref="FormatException">The configuration cannot be used.</exception>
    public static WebApplication Build(
        GuardrailOptions options,
        TimeProvider time,
        Action<ILoggingBuilder>? logging = null,
        Action<IServiceCollection>? services = null
    )
    {
        // Not the slim builder: it watches the content root for settings files, and in a container that is "/", /proc and all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder
            .Logging.ClearProviders()
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.Error)
            // While this one may log anything, each request has an Activity and a scope that nobody reads.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            // Kestrel reports connections that clients cut, which is not news.
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        if (logging is null)
        {
            builder.Logging.AddProvider(new JsonLines(Console.OpenStandardOutput(), time));
        }
        else
        {
            logging(builder.Logging);
        }
        var shipped = PriceCatalog.Load();
        var first = GuardrailSettings.Parse(File.ReadAllBytes(options.ConfigPath), shipped, time);
        var inbound = first.Config.Inbound.ToDictionary(i => i.ListenPort, i => i.TargetPort);
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(s => new ConfigStore(
            options.ConfigPath,
            shipped,
            time,
            s.GetRequiredService<ILogger<ConfigStore>>()
        ));
        builder.Services.AddSingleton<UpstreamStates>();
        builder.Services.AddSingleton(s => new GuardrailMetrics(first.Config.Agent, s.GetRequiredService<UpstreamStates>()));
        builder.Services.AddSingleton<OtlpLog>();
        builder.Services.AddSingleton<SpendLog>();
        builder.Services.AddSingleton(s => new OwnJournal(
            Journal.Open(options.JournalDirectory, s.GetRequiredService<ILogger<Journal>>())
        ));
        builder.Services.AddSingleton(s => new OrphanedHolders(
            s.GetRequiredService<OwnJournal>().Journal,
            s.GetRequiredService<ILogger<OrphanedHolders>>()
        ));
        builder.Services.AddSingleton(s => new GrantAccount(GrantClient.NewHolder(), s.GetRequiredService<OwnJournal>().Journal));
        builder.Services.AddSingleton(s => new FinalReportFile(
            options.TerminationLog,
            s.GetRequiredService<GrantAccount>(),
            s.GetRequiredService<OrphanedHolders>(),
            s.GetRequiredService<ILogger<FinalReportFile>>()
        ));
        builder.Services.AddSingleton<IGrantAuthority, HttpGrantAuthority>();
        builder.Services.AddSingleton<GrantClient>();
        builder.Services.AddSingleton<RunRegistry>();
        builder.Services.AddSingleton<RateLimiter>();
        builder.Services.AddSingleton<OverrunList>();
        builder.Services.AddSingleton<BackgroundCalls>();
        builder.Services.AddSingleton(BodyMemory.OfProcess());
        builder.Services.AddSingleton<RequestBody>();
        builder.Services.AddSingleton<McpSessions>();
        builder.Services.AddSingleton(s =>
            EffectStore.Open(
                options.JournalDirectory,
                first.Config.SideEffects is not null,
                s.GetRequiredService<TimeProvider>(),
                s.GetRequiredService<ILogger<EffectStore>>()
            )
        );
        builder.Services.AddSingleton<ToolFailures>();
        builder.Services.AddSingleton<ToolSchemas>();
        builder.Services.AddSingleton<TextScreening>();
        builder.Services.AddSingleton<ContextWindows>();
        builder.Services.AddSingleton<RequestWatch>();
        builder.Services.AddSingleton<ToolAnswers>();
        builder.Services.AddSingleton<SideEffectCalls>();
        builder.Services.AddSingleton<SideEffectClaim>();
        builder.Services.AddSingleton<CallObserver>();
        builder.Services.AddSingleton<ICallObserver>(s => s.GetRequiredService<CallObserver>());
        builder.Services.AddSingleton<IScreeningObserver>(s => s.GetRequiredService<CallObserver>());
        builder.Services.AddSingleton<IContextObserver>(s => s.GetRequiredService<CallObserver>());
        builder.Services.AddSingleton<IUpstreamObserver>(s => s.GetRequiredService<CallObserver>());
        builder.Services.AddSingleton<CircuitClaim>();
        builder.Services.AddSingleton<ConcurrencyClaim>();
        builder.Services.AddSingleton<RetryBudgetClaim>();
        builder.Services.AddSingleton<UpstreamClaims>();
        builder.Services.AddSingleton(s => new AdmissionRules(
            AdmissionRules.Checks,
            AdmissionRules.Claims(
                s.GetRequiredService<RateLimiter>(),
                s.GetRequiredService<GrantClient>(),
                s.GetRequiredService<OverrunList>(),
                s.GetRequiredService<UpstreamClaims>(),
                s.GetRequiredService<SideEffectClaim>()
            )
        ));
        builder.Services.AddSingleton<ModelRoute>();
        builder.Services.AddSingleton<CallRoute>(s => s.GetRequiredService<ModelRoute>());
        builder.Services.AddSingleton<CallRoute, ToolRoute>();
        builder.Services.AddSingleton<CallRoute, FreeRoute>();
        builder.Services.AddSingleton<Fallbacks>();
        builder.Services.AddSingleton<ChaosSender>();
        builder.Services.AddSingleton<CallAttempt>();
        builder.Services.AddSingleton<CallPipeline>();
        builder.Services.AddSingleton(new PodAddresses());
        builder.Services.AddSingleton<InboundFront>();
        builder.Services.AddSingleton<Admin>();
        builder.Services.AddSingleton<Traffic>();
        builder.Services.AddHostedService<Lifecycle>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = first.DrainTimeout + (2 * CloseLimit));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.RequestHeaderEncodingSelector = static _ => HeaderText.Encoding;
            kestrel.ResponseHeaderEncodingSelector = static _ => HeaderText.Encoding;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            // Both loopback addresses, and every address of the pod: as far as it has IPv6, that too.
            kestrel.ListenLocalhost(options.EgressPort, Http1);
            foreach (var port in inbound.Keys.Prepend(options.AdminPort))
            {
                if (options.Address.Equals(IPAddress.Any))
                    kestrel.ListenAnyIP(port, Http1);
                else
                    kestrel.Listen(options.Address, port, Http1);
            }
        });
        services?.Invoke(builder.Services);
        var app = builder.Build();
        var pipeline = app.Services.GetRequiredService<CallPipeline>();
        var front = app.Services.GetRequiredService<InboundFront>();
        var admin = app.Services.GetRequiredService<Admin>();
        app.Run(context =>
        {
            var port = context.Connection.LocalPort;
            if (port == options.EgressPort)
                return pipeline.HandleAsync(context);
            return inbound.TryGetValue(port, out var target) ? front.HandleAsync(context, port, target) : admin.HandleAsync(context);
        });
        return app;
    }

    private static void Http1(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;

    // The container of services gives out no null.
    private sealed record OwnJournal(Journal? Journal) : IDisposable
    {
        public void Dispose() => Journal?.Dispose();
    }

    /// <summary>Starts and stops what runs beside the requests, in the order that money needs.</summary>
    private sealed class Lifecycle(
        ConfigStore config,
        GrantClient grants,
        FinalReportFile finalReport,
        Traffic traffic,
        Admin admin,
        ILogger<Lifecycle> logger
    ) : IHostedLifecycleService, IDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private Task running = Task.CompletedTask;

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            config.Changed += grants.Signal;
            running = Task.WhenAll(
                Task.Run(() => grants.RunAsync(stop.Token), CancellationToken.None),
                Task.Run(() => config.PollAsync(stop.Token), CancellationToken.None)
            );
            return Task.CompletedTask;
        }

        public Task StartedAsync(CancellationToken cancellationToken)
        {
            admin.Ready = true;
            logger.Ready(config.Current.Prices.Count, config.Current.Upstreams.Count, config.Current.Config.Inbound.Count);
            return Task.CompletedTask;
        }

        /// <summary>Runs before the listeners close: calls in flight end first, then the account is closed.</summary>
        public async Task StoppingAsync(CancellationToken cancellationToken)
        {
            admin.Ready = false;
            traffic.Stop();
            logger.Stopping(traffic.Calls, traffic.Runs);
            var unproven = await traffic.DrainAsync(config.Current.DrainTimeout, cancellationToken);
            await stop.CancelAsync();
            await running;
            grants.Close();
            finalReport.Leave();
            var delivered = await grants.CloseAsync(CloseLimit);
            finalReport.Leave();
            logger.Stopped(unproven, delivered);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => stop.Dispose();
    }
}
