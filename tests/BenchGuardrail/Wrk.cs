using System.Diagnostics;

namespace AgentReadiness.BenchGuardrail;

/// <summary>What a closed loop of some connections brought.</summary>
/// <param name="P50">Half of the calls took no longer, µs.</param>
/// <param name="P99">All but one in a hundred took no longer, µs.</param>
/// <param name="Calls">Answers.</param>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="CpuPerCall">What the target's process used, µs.</param>
internal sealed record Loop(double P50, double P99, long Calls, double PerSecond, double CpuPerCall);

/// <summary>The load generator wrk.</summary>
internal sealed class Wrk(string file, string folder)
{
    private const string Counting = """
        local calls = 1000
        function request()
          calls = calls + 1
          return wrk.format(nil, nil, nil, (wrk.body:gsub("4711", calls)))
        end
        """;

    /// <summary>Runs it against one target. Throws where a call failed.</summary>
    public async Task<Loop> RunAsync(Target target, int connections, int seconds, CancellationToken cancellationToken)
    {
        var script = Path.Combine(folder, $"{target.Name}.lua");
        await File.WriteAllTextAsync(
            script,
            $$"""
            wrk.method = "POST"
            wrk.body = [==[{{target.Content}}]==]
            wrk.headers["Content-Type"] = "application/json"
            {{string.Join('\n', target.Headers.Select(header => $"wrk.headers[\"{header.Name}\"] = \"{header.Value}\""))}}
            {{(target.Varies ? Counting : "")}}
            function done(summary, latency, requests)
              local e = summary.errors
              io.write(string.format("figures %d %d %d %d %d %d\n", latency:percentile(50), latency:percentile(99), summary.requests,
                summary.duration, e.status, e.connect + e.read + e.write + e.timeout))
            end
            """,
            cancellationToken
        );
        var before = target.Process.Cpu;
        using var wrk = Process.Start(
            new ProcessStartInfo(
                file,
                ["-t1", $"-c{connections}", $"-d{seconds}s", "--timeout", "10s", "-s", script, target.Url.AbsoluteUri]
            )
            {
                RedirectStandardOutput = true,
            }
        )!;
        using var ends = cancellationToken.Register(wrk.Kill);
        var output = await wrk.StandardOutput.ReadToEndAsync(cancellationToken);
        await wrk.WaitForExitAsync(cancellationToken);
        var cpu = target.Process.Cpu - before;
        var line =
            output.Split('\n').FirstOrDefault(one => one.StartsWith("figures ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"wrk gave no figures for {target.Name}:\n{output}");
        var n = line.Split(' ').Skip(1).Select(one => long.Parse(one, CultureInfo.InvariantCulture)).ToArray();
        if (n[4] + n[5] > 0 || n[2] == 0)
            throw new InvalidOperationException(
                $"{target.Name}, {connections} connections: {n[2]} answers, {n[4]} of them with an error status, {n[5]} socket errors and "
                    + $"timeouts"
            );
        return new Loop(n[0], n[1], n[2], n[2] * 1e6 / n[3], cpu / n[2]);
    }
}
