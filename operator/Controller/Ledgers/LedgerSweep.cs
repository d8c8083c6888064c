using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What is done to ledgers from time to time, whether or not a pod asks for money, while this replica leads.</summary>
internal sealed class LedgerSweep(LedgerReaper reaper, LedgerCollector collector, TimeProvider time) : ILeaderTask
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Period, time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await reaper.CloseLostHoldersAsync(cancellationToken);
                await reaper.RefreshBorrowersAsync(cancellationToken);
                await collector.DeleteFinishedAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Leadership is over.
        }
    }
}
