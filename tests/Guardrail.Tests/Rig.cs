using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Hosting;
using AgentReadiness.Guardrail.Inbound;
using AgentReadiness.Pricing;
using AgentReadiness.Samples;
using AgentReadiness.Samples.Provider;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenAI;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A guardrail in this process, on free ports, before the sample provider, with the real OpenAI client.</summary>
internal sealed class Rig : IAsyncDisposable
{
    public const string Key = "sk-the-real-key-0123456789";
    public const string Placeholder = "sk-placeholder";
    public const string Model = "gpt-5.4-mini";
    public static readonly IPAddress PodAddress = IPAddress.Parse("127.0.0.9");
    private readonly string folder = Directory.CreateTempSubdirectory("guardrail").FullName;
    private readonly WebApplication provider;
    private readonly List<WebApplication> apps = [];

    private Rig(WebApplication provider, int providerPort)
    {
        this.provider = provider;
        ProviderPort = providerPort;
    }

    public Witness Witness { get; private init; } = new();

    public int ProviderPort { get; }

    public int EgressPort { get; } = Ports.Free();

    public int AdminPort { get; } = Ports.Free();

    public int InboundPort { get; } = Ports.Free();

    public int AgentPort { get; } = Ports.Free();

    public WebApplication Guardrail { get; private set; } = null!;

    public Lines Log { get; } = new();

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>A client in the pod: its connections come from the pod's own address.</summary>
    public HttpClient PodHttp { get; } = new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = FromPodAsync });

    public GrantAccount Account => Guardrail.Services.GetRequiredService<GrantAccount>();

    public string BaseUrl => $"http://127.0.0.1:{EgressPort}/openai/v1";

    public string ConfigPath => Path.Combine(folder, "config.json");

    public string JournalFolder => Path.Combine(folder, "journal");

    public string JournalPath => Path.Combine(JournalFolder, Journal.FileName);

    public string TerminationLog => Path.Combine(folder, "termination-log");

    public string PricesPath => Path.Combine(folder, "prices.json");

    public string KeyPath => Path.Combine(folder, "key");

    public static Task<Rig> StartAsync(Func<GuardrailConfig, int, string, GuardrailConfig> formats, Action<ListenOptions>? listen = null) =>
        StartAsync(null, null, formats: formats, listen: listen);

    public static async Task<Rig> StartAsync(
        Func<GuardrailConfig, GuardrailConfig>? change = null,
        BudgetAuthority? budget = null,
        string timeout = "10s",
        IReadOnlyList<string>? models = null,
        Func<GuardrailConfig, int, string, GuardrailConfig>? formats = null,
        string? prices = null,
        Action<ListenOptions>? listen = null,
        byte[]? journal = null,
        Action<IServiceCollection>? services = null,
        IPAddress? address = null
    )
    {
        var witness = new Witness();
        var port = Ports.Free();
        var provider = SampleProvider.Build($"http://127.0.0.1:{port}", [Key], TimeProvider.System, witness, listen);
        var rig = new Rig(provider, port) { Witness = witness };
        await provider.StartAsync();
        var config = new GuardrailConfig
        {
            Agent = new GuardrailIdentity
            {
                Namespace = "shop",
                Name = "support",
                Revision = "abc123",
                Track = "serving",
            },
            Inbound =
            [
                new InboundPort
                {
                    Name = "http",
                    ListenPort = rig.InboundPort,
                    TargetPort = rig.AgentPort,
                },
            ],
            Upstreams =
            [
                new UpstreamConfig
                {
                    Name = "openai",
                    Format = "OpenAI",
                    Url = $"http://127.0.0.1:{port}/v1",
                    KeyFile = rig.KeyPath,
                },
                new UpstreamConfig
                {
                    Name = "down",
                    Format = "OpenAI",
                    Url = $"http://127.0.0.1:{Ports.Free()}/v1",
                },
            ],
            AllowedModels = models ?? [],
            MaxOutputTokens = 256,
            ModelCall = new CallPolicy { Timeout = timeout },
            DrainTimeout = "2s",
            Budget = budget,
        };
        config = change?.Invoke(config) ?? config;
        config = formats?.Invoke(config, port, rig.KeyPath) ?? config;
        await File.WriteAllTextAsync(rig.KeyPath, Key + "\n");
        if (prices is not null)
            await File.WriteAllTextAsync(rig.PricesPath, prices);
        await File.WriteAllBytesAsync(rig.ConfigPath, JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig));
        Directory.CreateDirectory(rig.JournalFolder);
        if (journal is not null)
            await File.WriteAllBytesAsync(rig.JournalPath, journal);
        await File.WriteAllTextAsync(rig.TerminationLog, "");
        rig.Guardrail = GuardrailHost.Build(
            new GuardrailOptions
            {
                JournalDirectory = rig.JournalFolder,
                TerminationLog = rig.TerminationLog,
                ConfigPath = rig.ConfigPath,
                EgressPort = rig.EgressPort,
                AdminPort = rig.AdminPort,
                Address = address ?? IPAddress.Loopback,
            },
            TimeProvider.System,
            logging => logging.AddProvider(rig.Log),
            parts =>
            {
                // All addresses of a test are of this machine: one of them stands for the pod, the others for its clients.
                parts.AddSingleton(new PodAddresses([PodAddress]));
                services?.Invoke(parts);
            }
        );
        await rig.Guardrail.StartAsync();
        return rig;
    }

    /// <summary>A model's provider, an MCP server and a plain HTTP tool, all of them on one port and without a key.</summary>
    public static GuardrailConfig Before(GuardrailConfig config, int port)
    {
        config.Upstreams =
        [
            new UpstreamConfig
            {
                Name = "openai",
                Format = "OpenAI",
                Url = $"http://127.0.0.1:{port}/v1",
            },
            new UpstreamConfig
            {
                Name = "mail",
                Format = "MCP",
                Url = $"http://127.0.0.1:{port}/mcp",
            },
            new UpstreamConfig
            {
                Name = "bench",
                Format = "HTTP",
                Url = $"http://127.0.0.1:{port}",
            },
        ];
        return config;
    }

    public ChatClient Client(string? baseUrl = null)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = new Uri(baseUrl ?? BaseUrl),
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = TimeSpan.FromSeconds(30),
        };
        return new OpenAIClient(new ApiKeyCredential(Placeholder), options).GetChatClient(Model);
    }

    public async Task<WebApplication> StartAgentAsync(string prompt)
    {
        var path = Path.Combine(folder, "prompt");
        await File.WriteAllTextAsync(path, prompt);
        var agent = SampleAgent.Build($"http://127.0.0.1:{AgentPort}", new SampleAgentOptions(Placeholder, new Uri(BaseUrl), Model, path));
        apps.Add(agent);
        await agent.StartAsync();
        return agent;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, CancellationToken cancellationToken = default) =>
        Http.PostAsync(
            new Uri($"http://127.0.0.1:{EgressPort}{path}"),
            new StringContent(body, Encoding.UTF8, "application/json"),
            cancellationToken
        );

    public static string Body(string text, string extra = "") =>
        $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"{{JsonEncodedText.Encode(text)}}"}]{{extra}}}""";

    /// <summary>What the provider counted, priced by the catalog: independent of what the guardrail counted.</summary>
    public Money Billed(bool completed)
    {
        var count = Witness.Total(completed);
        return PriceCatalog
            .Load()
            .Find(null, Model, TimeProvider.System.GetUtcNow())!
            .Cost(new TokenUsage(count.Prompt, count.Cached, 0, count.Completion))!
            .Value.Total;
    }

    /// <summary>Waits until the guardrail has booked a number of calls.</summary>
    public Task<IReadOnlyList<string>> BookedAsync(int count) =>
        Log.UntilAsync("model call settled|model call zero|model call unproven", count);

    /// <summary>
    /// Waits until the guardrail has booked a number of calls, and the sample provider those of them that it bills: it counts after its
    /// last byte.
    /// </summary>
    public async Task<IReadOnlyList<string>> CallsAsync(int count)
    {
        var lines = await BookedAsync(count);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await Witness.UntilAsync(lines.Count(line => line.Contains("model call settled", StringComparison.Ordinal)), patience.Token);
        return lines;
    }

    private static async ValueTask<Stream> FromPodAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(PodAddress, 0));
        await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async ValueTask DisposeAsync()
    {
        PodHttp.Dispose();
        Http.Dispose();
        await Guardrail.StopAsync();
        await Guardrail.DisposeAsync();
        foreach (var app in apps)
            await app.DisposeAsync();
        await provider.StopAsync(new CancellationToken(canceled: true));
        await provider.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Keeps log lines, and tells when they come.</summary>
internal sealed class Lines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> all = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyCollection<string> All => all;

    public async Task<IReadOnlyList<string>> UntilAsync(string anyOf, int count)
    {
        while (true)
        {
            var next = Volatile.Read(ref changed).Task;
            var found = all.Where(l => anyOf.Split('|').Any(a => l.Contains(a, StringComparison.Ordinal))).ToList();
            if (found.Count >= count)
                return found;
            await next.WaitAsync(TimeSpan.FromSeconds(15));
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        all.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
        Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public void Dispose() { }
}
