using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>Fills the caches, waits for leadership, runs the leader's tasks; ends the process when leadership or a task is lost.</summary>
internal sealed class LeadershipService(
    LeaderElector elector,
    IEnumerable<ILeaderTask> tasks,
    OperatorReadiness readiness,
    IHostApplicationLifetime lifetime,
    ILogger<LeadershipService> logger
) : BackgroundService
{
    // The workers are made before this process leads. Their queues collect keys from the first list on, so no change is missed.
    private readonly IReadOnlyList<ILeaderTask> tasks = [.. tasks];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // This service was added first and so is stopped last: without the second token, work would go on while web server and
        // watches are stopped one after the other, on caches that no longer move.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            await readiness.WaitAsync(stopping.Token);
            if (!await elector.RunAsync(RunTasksAsync, stopping.Token))
                Exit();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped before it led.
        }
        catch (Exception exception)
        {
            RuntimeLog.TaskEnded(logger, exception, exception.GetType().Name);
            Exit();
        }
    }

    private async Task RunTasksAsync(CancellationToken stopping, CancellationToken lost)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var running = tasks.Select(task => task.RunAsync(together.Token, lost)).ToList();
        // No task ends by itself. If one does, the process ends, because an operator without one of its tasks would do only a part of its
        // work.
        await Task.WhenAny(running);
        await together.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (running.Find(task => task.IsFaulted) is { } failed)
            throw failed.Exception!.InnerException!;
    }

    private void Exit()
    {
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }
}
