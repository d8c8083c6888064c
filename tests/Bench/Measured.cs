using System.Diagnostics;
using AgentReadiness.ApiServer.Tests;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Bench;

/// <summary>What a minute of an operator cost.</summary>
/// <param name="Writes">Requests that are neither reads nor about Leases.</param>
/// <param name="Others">Reads, those about Leases and new watches left out.</param>
/// <param name="Cores">CPU.</param>
/// <param name="Resident">VmRSS at its end, MB.</param>
/// <param name="Heap">Bytes that the garbage collector counts, MB.</param>
internal sealed record Minute(double Writes, double Others, double Cores, double Resident, double Heap);

/// <summary>An operator process, looked at from outside: its probes, its metrics, and what the kernel says of it.</summary>
internal sealed class Measured : IAsyncDisposable
{
    private const double MB = 1024 * 1024;
    private static readonly string[] Writing = ["POST", "PUT", "PATCH", "DELETE"];
    private readonly HttpClient http = new();
    private readonly OperatorProcess process;
    private readonly OperatorOptions options;
    private readonly ControlPlane plane;
    private readonly Stopwatch age = Stopwatch.StartNew();

    public Measured(ControlPlane plane, OperatorOptions options, string folder, string published)
    {
        (this.plane, this.options) = (plane, options);
        process = new OperatorProcess(options, plane.WriteKubeconfig(folder), published);
    }

    /// <summary>Since the process was started.</summary>
    public TimeSpan Age => age.Elapsed;

    /// <summary>The most memory that it ever had, MB.</summary>
    public double Peak => ProcFigures.Memory(process.Id, "VmHWM");

    /// <summary>Waits for /readyz, and says how old the process was then.</summary>
    public async Task<TimeSpan> ReadyAsync()
    {
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{options.HealthPort}/readyz"));
                if (answer.IsSuccessStatusCode)
                    return Age;
            }
            catch (HttpRequestException) when (Age < TimeSpan.FromMinutes(2))
            {
                // It does not listen yet.
            }
            if (Age > TimeSpan.FromMinutes(2))
                throw new TimeoutException($"the operator did not become ready\n{process.Log}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until it asks for nothing but Leases for a while, and says how old it was when that began.</summary>
    public async Task<TimeSpan> QuietAsync(TimeSpan length, Action<string> progress)
    {
        var (last, since, told) = (-1.0, Age, Age);
        while (Age - since < length || last < 0)
        {
            await Task.Delay(1000);
            // The Lease is read and replaced every two seconds: GET and PUT alone are no sign of work.
            var lines = await MetricsAsync(options.MetricsPort);
            var now =
                Sum(lines, "rest_client_requests_total", "method=\"POST\"", "method=\"PATCH\"", "method=\"DELETE\"")
                + Sum(lines, "workqueue_adds_total", "");
            if (now != last)
                (last, since) = (now, Age);
            if (Age - told > TimeSpan.FromSeconds(20))
            {
                told = Age;
                progress(
                    $"{Age.TotalSeconds:0} s old, {last:0} requests and wakes, {Sum(lines, "workqueue_depth", ""):0} agents wait, "
                        + $"{ProcFigures.Memory(process.Id, "VmRSS"):0} MB"
                );
            }
            if (Age > TimeSpan.FromMinutes(12))
                throw new TimeoutException($"the operator did not come to rest\n{process.Log}");
        }
        return since;
    }

    /// <summary>Measures a minute.</summary>
    public async Task<Minute> MinuteAsync()
    {
        var before = await LookAsync();
        await Task.Delay(TimeSpan.FromMinutes(1));
        var after = await LookAsync();
        var minutes = (after.At - before.At).TotalMinutes;
        return new Minute(
            (after.Writes - before.Writes) / minutes,
            (after.Reads - before.Reads) / minutes,
            (after.Cpu - before.Cpu) / (after.At - before.At).TotalSeconds,
            ProcFigures.Memory(process.Id, "VmRSS"),
            after.Heap
        );
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        http.Dispose();
    }

    private async Task<(TimeSpan At, double Writes, double Reads, double Cpu, double Heap)> LookAsync()
    {
        var mine = await MetricsAsync(options.MetricsPort);
        // The operator's metrics name no resources, so the API server says how many of the requests were about Leases: nobody else has any.
        using var response = await plane.Api.OpenAsync(HttpMethod.Get, "/metrics", null, null, CancellationToken.None);
        var servers = (await response.Content.ReadAsStringAsync())
            .Split('\n')
            .Where(line => line.Contains("resource=\"leases\"", StringComparison.Ordinal))
            .ToArray();
        double Leases(string verb) => Sum(servers, "apiserver_request_total", $"verb=\"{verb}\"");
        var writes = Writing.Sum(verb => Sum(mine, "rest_client_requests_total", $"method=\"{verb}\"") - Leases(verb));
        var reads =
            Sum(mine, "rest_client_requests_total", "method=\"GET\"")
            - Leases("GET")
            - Sum(mine, "agentreadiness_watch_restarts_total", "");
        return (Age, writes, reads, ProcFigures.Cpu(process.Id).TotalSeconds, Sum(mine, "dotnet_total_memory_bytes", "") / MB);
    }

    private async Task<string[]> MetricsAsync(int port) =>
        (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"))).Split('\n');

    private static double Sum(string[] lines, string name, params string[] labels) =>
        lines
            .Where(line =>
                line.StartsWith(name, StringComparison.Ordinal)
                && line[name.Length] is '{' or ' '
                && labels.Any(label => line.Contains(label, StringComparison.Ordinal))
            )
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
