using System.Globalization;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner;

/// <summary>Runs the cases and makes the report. It always makes one: what goes wrong is said in it.</summary>
internal sealed class CaseRunner(RunnerSettings settings, TimeProvider time, TextWriter output)
{
    private const int Attempts = 3;
    private const int FaultLength = 300;

    private readonly Lock gate = new();
    private readonly List<CaseResult> results = [];

    /// <summary>Runs.</summary>
    public async Task<RunnerReport> RunAsync(CancellationToken stop)
    {
        var digest = settings.CasesDigest;
        IReadOnlyList<EvalCase> cases = [];
        try
        {
            var file = await File.ReadAllBytesAsync(settings.CasesFile, stop);
            digest = CasesFile.Digest(file);
            if (!digest.Equals(settings.CasesDigest, StringComparison.OrdinalIgnoreCase))
                return Report(digest, 0, "the cases changed while the run was being made");
            cases = await CasesFile.ReadAsync(file, stop);
            await RunAsync(cases, stop);
            return Report(digest, cases.Count, null);
        }
        catch (OperationCanceledException)
        {
            return Report(digest, cases.Count, "stopped before the end");
        }
        catch (CasesException fault)
        {
            return Report(digest, 0, fault.Message);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Report(digest, 0, $"the cases file cannot be read: {fault.GetType().Name}");
        }
        catch (Exception fault)
        {
            // A defect of ours. It must end as an Error, never as silence; its text may quote a case, so only its kind is told.
            return Report(digest, cases.Count, $"the runner failed: {fault.GetType().Name}");
        }
    }

    private async Task RunAsync(IReadOnlyList<EvalCase> cases, CancellationToken stop)
    {
        using var client = new AgentClient(settings, time);
        await Parallel.ForEachAsync(cases.Select((one, index) => (one, index)), new ParallelOptions { MaxDegreeOfParallelism = settings.Parallelism, CancellationToken = stop },
            async (item, cancel) =>
            {
                var result = await RunAsync(client, item.one, item.index, cancel);
                lock (gate)
                {
                    results.Add(result);
                    output.WriteLine(result.ToLine());
                    output.Flush();
                }
            });
        stop.ThrowIfCancellationRequested();
    }

    private async Task<CaseResult> RunAsync(AgentClient client, EvalCase one, int index, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var critical = one.Tags.Any(settings.CriticalTags.Contains);
        for (var attempt = 1; ; attempt++)
        {
            var answer = await client.AskAsync(one.Input, stop);
            if (answer.Text is { } text)
            {
                var grade = one.Grader.Grade(text);
                return new CaseResult(index, one.Id, critical, grade.Passed ? Outcome.Passed : Outcome.Failed, grade.Reason, time.GetElapsedTime(began));
            }
            // Only what was not measured is tried again: trying failures again would raise the score.
            if (attempt == Attempts)
                return new CaseResult(index, one.Id, critical, Outcome.Errored, answer.Fault!, time.GetElapsedTime(began));
            await Task.Delay(settings.Backoff * (Math.Pow(2, attempt - 1) * (0.5 + (Random.Shared.NextDouble() / 2))), time, stop);
        }
    }

    private RunnerReport Report(string digest, int cases, string? error)
    {
        lock (gate)
        {
            // In the order of the file, whatever order the answers came in: same answers, same report.
            var inOrder = results.OrderBy(result => result.Index).ToList();
            var bad = inOrder.Where(result => result.Outcome != Outcome.Passed).ToList();
            return new RunnerReport
            {
                Run = settings.Run,
                CasesDigest = digest,
                Cases = cases,
                Passed = inOrder.Count - bad.Count,
                Failed = bad.Count(result => result.Outcome == Outcome.Failed),
                Errored = bad.Count(result => result.Outcome == Outcome.Errored),
                CriticalFailed = bad.Count(result => result.Critical),
                Failing = [.. bad.OrderByDescending(result => result.Critical).Select(result => result.Id)],
                Error = error,
                FirstFault = bad.Where(result => result.Outcome == Outcome.Errored)
                    .Select(result => string.Create(CultureInfo.InvariantCulture, $"{result.Id}: {Shorten(result.Reason)}")).FirstOrDefault(),
            };
        }
    }

    private static string Shorten(string text) => text.Length <= FaultLength ? text : text[..FaultLength] + "…";
}
