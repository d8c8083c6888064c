using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Tests;

namespace AgentReadiness.BenchGuardrail;

/// <summary>All processes of a run. They end with it.</summary>
internal sealed class Stage : IAsyncDisposable
{
    /// <summary>Where the guardrail takes model calls.</summary>
    public const string ModelPath = "/openai/v1/chat/completions";

    /// <summary>Where it takes calls of tools.</summary>
    public const string ToolPath = "/tools";

    private const decimal Cap = 1_000_000;

    // What a minute costs at this pace is about what the operator adds to a grant.
    private const decimal Extra = 250;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private readonly string folder = Directory.CreateTempSubdirectory("agent-readiness-bench-").FullName;
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<Child> children = [];
    private readonly int upstreamPort = Ports.Free();
    private readonly int streamPort = Ports.Free();
    private readonly string guardrail;
    private readonly string tools;
    private readonly Action<string> say;
    private FakeOperator? grants;

    private Stage(string guardrail, string tools, Action<string> say)
    {
        (this.guardrail, this.tools, this.say) = (Path.GetFullPath(guardrail), tools, say);
        Wrk = new Wrk(Path.Combine(tools, "wrk"), folder);
    }

    /// <summary>The load generator.</summary>
    public Wrk Wrk { get; }

    /// <summary>What is measured.</summary>
    public List<Target> Targets { get; } = [];

    /// <summary>From the process's start to its first green /readyz, ms.</summary>
    public List<double> Ready { get; } = [];

    /// <summary>Where streams are, without and with the guardrail.</summary>
    public (Uri Direct, Uri Guardrail) Streaming =>
        (
            new($"http://127.0.0.1:{streamPort}/v1/chat/completions"),
            new($"http://127.0.0.1:{GuardrailPorts.Egress}/stream/v1/chat/completions")
        );

    /// <summary>Grant requests so far.</summary>
    public int GrantRequests => grants!.Requests;

    /// <summary>Starts everything.</summary>
    public static async Task<Stage> StartAsync(
        string guardrail,
        string tools,
        int starts,
        Action<string> say,
        CancellationToken cancellationToken
    )
    {
        var stage = new Stage(guardrail, tools, say);
        try
        {
            await stage.StartAsync(starts, cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends one call, which must be answered with 200.</summary>
    public async Task CallAsync(Target target, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(Message(target), cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException(
                $"{target.Name} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}"
            );
    }

    /// <summary>Fails where a process has ended.</summary>
    public void MustRun() => children.ForEach(child => child.MustRun());

    public async ValueTask DisposeAsync()
    {
        foreach (var child in Enumerable.Reverse(children))
            await child.DisposeAsync();
        if (grants is not null)
            await grants.DisposeAsync();
        http.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartAsync(int starts, CancellationToken cancellationToken)
    {
        MustBeFree(GuardrailPorts.Egress);
        MustBeFree(GuardrailPorts.Admin);
        var nginx = Path.Combine(tools, "nginx");
        await AddAsync(
            "direct",
            Keep(Nginx.Upstream(nginx, folder, upstreamPort)),
            upstreamPort,
            "/v1/chat/completions",
            [],
            cancellationToken
        );
        var proxyPort = Ports.Free();
        await AddAsync(
            "nginx",
            Keep(Nginx.Proxy(nginx, folder, proxyPort, upstreamPort)),
            proxyPort,
            "/v1/chat/completions",
            [],
            cancellationToken
        );
        Keep(
            new Child(
                "streams",
                folder,
                Environment.ProcessPath!,
                [StreamUpstream.Argument, streamPort.ToString(CultureInfo.InvariantCulture)]
            )
        );
        grants = await FakeOperator.StartAsync(Cap, extra: Extra);
        await AddAsync(
            "guardrail",
            Keep(await GuardrailAsync(starts, null, cancellationToken)),
            GuardrailPorts.Egress,
            ModelPath,
            [],
            cancellationToken
        );
        await PortkeyAsync(cancellationToken);
    }

    private static void MustBeFree(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
        }
        catch (SocketException exception)
        {
            throw new InvalidOperationException(
                $"the guardrail needs port {port}, and somebody else has it ({exception.SocketErrorCode}): does a guardrail or "
                    + $"another benchmark run here?"
            );
        }
    }

    private Child Keep(Child child)
    {
        children.Add(child);
        return child;
    }

    /// <summary>
    /// Ends the guardrail and starts another with something declared, since it has the ports that agents know. The caller ends it.
    /// </summary>
    public async Task<Child> DeclareAsync(Action<GuardrailConfig> change, CancellationToken cancellationToken)
    {
        foreach (var old in children.Where(child => child.Name == "guardrail").ToList())
        {
            children.Remove(old);
            await old.DisposeAsync();
        }
        return Keep(await GuardrailAsync(Ready.Count + 1, change, cancellationToken));
    }

    private GuardrailConfig Config()
    {
        UpstreamConfig Upstream(string name, string format, int port, string path) =>
            new()
            {
                Name = name,
                Format = format,
                Url = $"http://127.0.0.1:{port}{path}",
            };
        return new GuardrailConfig
        {
            Agent = new GuardrailIdentity
            {
                Namespace = "bench",
                Name = "bench",
                Revision = "abc123",
                Track = "serving",
            },
            Upstreams =
            [
                Upstream("openai", "OpenAI", upstreamPort, "/v1"),
                Upstream("stream", "OpenAI", streamPort, "/v1"),
                Upstream("tools", "MCP", upstreamPort, "/mcp"),
            ],
            Budget = grants!.Authority,
        };
    }

    private async Task<Child> GuardrailAsync(int starts, Action<GuardrailConfig>? change, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, "config.json");
        var config = Config();
        change?.Invoke(config);
        await File.WriteAllBytesAsync(
            path,
            JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig),
            cancellationToken
        );
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            var child = new Child(
                "guardrail",
                folder,
                guardrail,
                [],
                // The second as the image has it.
                new Dictionary<string, string> { ["GUARDRAIL_CONFIG"] = path, ["DOTNET_GCGen0MaxBudget"] = "600000" }
            );
            try
            {
                while (!IsReady())
                {
                    child.MustRun();
                    if (Stopwatch.GetElapsedTime(began) > StartLimit)
                        throw new TimeoutException($"the guardrail did not become ready:\n{child.LastOutput}");
                    cancellationToken.ThrowIfCancellationRequested();
                    OpenLoop.SleepUntil(Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 1000));
                }
                Ready.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            catch
            {
                await child.DisposeAsync();
                throw;
            }
            if (Ready.Count == starts)
                return child;
            await child.DisposeAsync();
        }
    }

    private static bool IsReady()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 1000 };
        try
        {
            socket.Connect(IPAddress.Loopback, GuardrailPorts.Admin);
            socket.Send("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
            var answer = new byte[256];
            return answer.AsSpan(0, socket.Receive(answer)).StartsWith("HTTP/1.1 200"u8);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task PortkeyAsync(CancellationToken cancellationToken)
    {
        var program = Path.Combine(tools, "portkey.js");
        if (!File.Exists(program))
        {
            say("Portkey is left out: it could not be installed");
            return;
        }
        var port = Ports.Free();
        var child = new Child(
            "portkey",
            folder,
            "node",
            [Path.GetFullPath(File.ResolveLinkTarget(program, returnFinalTarget: true)!.FullName), "--headless", $"--port={port}"]
        );
        try
        {
            await AddAsync(
                "portkey",
                child,
                port,
                "/v1/chat/completions",
                [
                    ("Authorization", "Bearer sk-bench"),
                    ("x-portkey-provider", "openai"),
                    ("x-portkey-custom-host", $"http://127.0.0.1:{upstreamPort}/v1"),
                ],
                cancellationToken
            );
            Keep(child);
        }
        catch (Exception exception) when (exception is InvalidOperationException or TimeoutException)
        {
            await child.DisposeAsync();
            say($"Portkey is left out: {exception.Message}");
        }
    }

    /// <summary>Waits until it listens, and sends the first call.</summary>
    private async Task AddAsync(
        string name,
        Child process,
        int port,
        string path,
        IReadOnlyList<(string, string)> headers,
        CancellationToken cancellationToken
    )
    {
        var target = new Target(name, port, path, process, headers);
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            process.MustRun();
            try
            {
                await CallAsync(target, cancellationToken);
                break;
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError)
            {
                if (Stopwatch.GetElapsedTime(began) > StartLimit)
                    throw new TimeoutException($"{name} does not listen on port {port}:\n{process.LastOutput}");
            }
            await Task.Delay(50, cancellationToken);
        }
        Targets.Add(target);
        say($"{name} answers");
    }

    private static HttpRequestMessage Message(Target target)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, target.Url)
        {
            Content = new StringContent(Target.Body, new MediaTypeHeaderValue("application/json")),
        };
        foreach (var (name, value) in target.Headers)
            message.Headers.Add(name, value);
        return message;
    }
}
