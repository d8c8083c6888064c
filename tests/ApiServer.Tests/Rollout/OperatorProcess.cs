using System.Collections.Concurrent;
using System.Diagnostics;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>The operator as users run it: a process of its own, with its settings in the environment and its own Lease times.</summary>
internal sealed class OperatorProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> log = new();
    private readonly TaskCompletionSource leads = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process process;

    /// <summary>Starts it.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="kubeconfig">The API server.</param>
    /// <param name="published">The published file; null: what this build made, by the installed runtime.</param>
    /// <param name="heapLimit">The limit of its heap, as the runtime reads it: bytes, hexadecimal; null: none.</param>
    public OperatorProcess(OperatorOptions options, string kubeconfig, string? published = null, string? heapLimit = null)
    {
        var start = new ProcessStartInfo(published ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        if (published is null)
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "agent-readiness-operator.dll"));
        start.ArgumentList.Add("run");
        foreach (
            var (name, value) in new Dictionary<string, string?>
            {
                ["KUBECONFIG"] = kubeconfig,
                ["POD_NAMESPACE"] = options.Namespace,
                ["POD_NAME"] = options.PodName,
                ["POD_IP"] = options.PodIp,
                ["GUARDRAIL_IMAGE"] = options.GuardrailImage,
                ["EVAL_RUNNER_IMAGE"] = options.EvalRunnerImage,
                ["GRANTS_URL"] = options.GrantsUrl,
                ["GRANTS_TLS_DIR"] = options.GrantsTlsDirectory,
                ["GRANTS_PORT"] = options.GrantsPort.ToString(CultureInfo.InvariantCulture),
                ["METRICS_PORT"] = options.MetricsPort.ToString(CultureInfo.InvariantCulture),
                ["HEALTH_PORT"] = options.HealthPort.ToString(CultureInfo.InvariantCulture),
                ["DOTNET_GCHeapHardLimit"] = heapLimit,
            }
        )
        {
            start.Environment[name] = value;
        }
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Completes when it becomes the leader.</summary>
    public Task Leads => leads.Task;

    public int Id => process.Id;

    public string Log => string.Join('\n', log.TakeLast(30));

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync();
        process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        log.Enqueue(line);
        if (line.Contains("Leading as", StringComparison.Ordinal))
            leads.TrySetResult();
    }
}
