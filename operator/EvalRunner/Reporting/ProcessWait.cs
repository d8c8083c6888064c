using System.Globalization;
using AgentReadiness.Contracts;

namespace AgentReadiness.EvalRunner.Reporting;

/// <summary>Waits until processes have ended, and those that they started meanwhile.</summary>
/// <param name="counts">Which processes to wait for.</param>
/// <param name="tryWait">Blocks until a process has ended; false where that cannot be done.</param>
internal sealed class ProcessWait(Func<int, bool> counts, Func<int, bool> tryWait)
{
    // Only where the kernel has no signal for the end of another's process (before Linux 5.3, or a strict filter of system calls).
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// All that a pod's shared process namespace holds, besides us, its first process, which ends last, and a guardrail, which ends when it
    /// is told.
    /// </summary>
    public static ProcessWait ForOthers() =>
        new(process => process != 1 && process != Environment.ProcessId && UserOf(process) != PodUsers.Guardrail, Posix.TryWait);

    /// <summary>Waits.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public Task RunAsync(CancellationToken cancellationToken) =>
        // A thread of its own, which blocks; where it is stopped it is left behind and ends with the program.
        Task
            .Factory.StartNew(() => Wait(cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(cancellationToken);

    private void Wait(CancellationToken cancellationToken)
    {
        // Nobody twice in a row: a process that starts another and ends could hide both from one look.
        for (var empty = 0; empty < 2; empty++)
        {
            foreach (var process in Running())
            {
                cancellationToken.ThrowIfCancellationRequested();
                empty = -1;
                if (!tryWait(process))
                {
                    cancellationToken.WaitHandle.WaitOne(Pause);
                    break;
                }
            }
        }
    }

    private IEnumerable<int> Running() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(folder =>
                int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : 0
            )
            .Where(process => process > 0 && counts(process) && !HasEnded(process));

    private static long? UserOf(int process)
    {
        try
        {
            // "Uid:	real	effective	…"
            return
                File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))
                    is { } line
                && long.TryParse(
                    line.Split('\t', StringSplitOptions.RemoveEmptyEntries)[1],
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var user
                )
                ? user
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Gone, or only waiting to be collected by its parent.</summary>
    private static bool HasEnded(int process)
    {
        string line;
        try
        {
            line = File.ReadAllText($"/proc/{process}/stat");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return !Directory.Exists($"/proc/{process}");
        }
        // "12 (name) Z …": the name may hold anything, brackets too. The first thread may have ended before the others.
        var fields = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields is ["Z" or "X", ..] && (fields.Length < 18 || fields[17] is "0" or "1");
    }
}
