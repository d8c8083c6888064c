using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>
/// The spend log as OTLP log records over HTTP, where the configuration names a collector; a new one is taken up while the program runs.
/// Records wait in a bounded queue and go in batches by a thread of their own: a collector that is slow or gone costs records, and never
/// delays a call.
/// </summary>
internal sealed class OtlpLog : IDisposable
{
    private const string SignalPath = "/v1/logs";
    private const int LongestQueue = 2048;
    private const int LargestBatch = 512;
    private const int DelayMs = 1000;
    private const int ExportTimeoutMs = 3000;

    private readonly ConfigStore config;
    private readonly Lock gate = new();
    private Pipeline current = new(null, null, NullLogger.Instance);
    private bool disposed;

    /// <param name="config">Names the collector.</param>
    public OtlpLog(ConfigStore config)
    {
        this.config = config;
        config.Changed += Follow;
        Follow();
    }

    private sealed record Pipeline(string? Endpoint, ILoggerFactory? Factory, ILogger Logger);

    /// <summary>Takes the events; drops them where no collector is configured.</summary>
    public ILogger Logger => Volatile.Read(ref current).Logger;

    /// <summary>Sends what is left, for a few seconds at most.</summary>
    public void Dispose()
    {
        config.Changed -= Follow;
        lock (gate)
            disposed = true;
        current.Factory?.Dispose();
    }

    private void Follow()
    {
        var (endpoint, agent) = (config.Current.Config.OtlpEndpoint, config.Current.Config.Agent);
        Pipeline old;
        lock (gate)
        {
            if (disposed || endpoint == current.Endpoint)
                return;
            old = current;
            Volatile.Write(ref current, endpoint is null ? new Pipeline(null, null, NullLogger.Instance) : Open(endpoint, agent));
        }
        // It tries to send what it still has; that must not hold up who reads the configuration.
        if (old.Factory is { } factory)
            _ = Task.Run(factory.Dispose);
    }

    private static Pipeline Open(string endpoint, GuardrailIdentity agent)
    {
        var exporter = new OtlpLogExporter(
            new OtlpExporterOptions
            {
                Endpoint = new Uri(endpoint.TrimEnd('/') + SignalPath),
                Protocol = OtlpExportProtocol.HttpProtobuf,
                TimeoutMilliseconds = ExportTimeoutMs,
                HttpClientFactory = static () =>
                    new HttpClient(
                        new SocketsHttpHandler
                        {
                            UseProxy = false,
                            UseCookies = false,
                            AllowAutoRedirect = false,
                            ActivityHeadersPropagator = null,
                            ConnectTimeout = TimeSpan.FromMilliseconds(ExportTimeoutMs),
                        }
                    )
                    {
                        Timeout = TimeSpan.FromMilliseconds(ExportTimeoutMs),
                    },
            }
        );
        var resource = ResourceBuilder
            .CreateEmpty()
            .AddAttributes(
                new Dictionary<string, object>
                {
                    ["service.name"] = agent.Name,
                    ["k8s.namespace.name"] = agent.Namespace,
                    ["agentreadiness.revision"] = agent.Revision,
                    ["agentreadiness.track"] = agent.Track,
                }
            );
        var factory = LoggerFactory.Create(logging =>
            logging.AddOpenTelemetry(options =>
            {
                options.IncludeFormattedMessage = true;
                options.SetResourceBuilder(resource);
                options.AddProcessor(new Flat());
                options.AddProcessor(new BatchLogRecordExportProcessor(exporter, LongestQueue, DelayMs, ExportTimeoutMs, LargestBatch));
            })
        );
        return new Pipeline(endpoint, factory, factory.CreateLogger<SpendLog>());
    }

    /// <summary>
    /// Attributes are plain values: "tag.NAME" for each tag. What the resource says is said once, and what is not known is left out.
    /// </summary>
    private sealed class Flat : BaseProcessor<LogRecord>
    {
        public override void OnEnd(LogRecord data)
        {
            var attributes = new List<KeyValuePair<string, object?>>(data.Attributes?.Count ?? 0);
            foreach (var (name, value) in data.Attributes ?? [])
            {
                if (value is IReadOnlyList<KeyValuePair<string, string>> tags)
                {
                    for (var i = 0; i < tags.Count; i++)
                        attributes.Add(new("tag." + tags[i].Key, tags[i].Value));
                }
                else if (value is not null and not GuardrailIdentity && name != "{OriginalFormat}")
                {
                    attributes.Add(new(name, value));
                }
            }
            data.Attributes = attributes;
        }
    }
}
