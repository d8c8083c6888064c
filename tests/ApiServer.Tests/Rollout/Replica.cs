using System.Collections.Concurrent;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>The real operator, in this process, with a client that can be hurt.</summary>
internal sealed class Replica : IAsyncDisposable
{
    private readonly Kubernetes client;
    private readonly TaskCompletionSource leads = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> log = new();
    private WebApplication app = null!;

    private Replica(Kubernetes client, FaultyApi api, OperatorOptions options)
    {
        this.client = client;
        Api = api;
        Options = options;
    }

    public OperatorOptions Options { get; }

    public string Name => Options.PodName;

    public FaultyApi Api { get; }

    /// <summary>Completes when the replica becomes the leader.</summary>
    public Task Leads => leads.Task;

    /// <summary>Completes when the operator ended itself, as it does after it lost the Lease.</summary>
    public Task Ended => ended.Task;

    /// <summary>The last lines that it logged.</summary>
    public string Log => string.Join('\n', log.TakeLast(40));

    public static async Task<Replica> StartAsync(
        ControlPlane plane,
        OperatorOptions options,
        TimeSpan lease,
        TimeProvider? time,
        Action<FaultyApi>? prepare
    )
    {
        var api = new FaultyApi();
        var client = plane.CreateClient(api);
        var replica = new Replica(client, api, options);
        replica.app = await OperatorHost.BuildAsync(
            options,
            client,
            CancellationToken.None,
            services =>
            {
                services.RemoveAll<ILoggerProvider>();
                services.AddSingleton<ILoggerProvider>(new Lines(replica));
                var defaults = (LeaderElectionOptions)
                    services.Single(service => service.ServiceType == typeof(LeaderElectionOptions)).ImplementationInstance!;
                services.Replace(
                    ServiceDescriptor.Singleton(
                        defaults with
                        {
                            LeaseDuration = lease,
                            RenewDeadline = lease * 0.65,
                            RetryPeriod = lease * 0.15,
                        }
                    )
                );
                if (time is not null)
                    services.Replace(ServiceDescriptor.Singleton(time));
            }
        );
        // Not before: a fault while the host is built is a pod that does not start, which is the kubelet's to repeat.
        prepare?.Invoke(api);
        replica.app.Lifetime.ApplicationStopping.Register(() => replica.ended.TrySetResult());
        await replica.app.StartAsync();
        return replica;
    }

    /// <summary>As SIGKILL: not a word to the server any more, and the Lease stays taken.</summary>
    public void Kill() => Api.Kill();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        client.Dispose();
        // A leader that is lost sets the exit code of its process, which here is the tests'.
        Environment.ExitCode = 0;
    }

    private sealed class Lines(Replica replica) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (eventId.Name == "Leading")
                replica.leads.TrySetResult();
            replica.log.Enqueue($"{replica.Name} {logLevel}: {formatter(state, exception)}");
            if (replica.log.Count > 400)
                replica.log.TryDequeue(out _);
        }

        public void Dispose() { }
    }
}
