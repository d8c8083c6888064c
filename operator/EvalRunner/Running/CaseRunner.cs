using AgentReadiness.EvalRunner.Agents;
using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner.Running;

/// <summary>What a run found.</summary>
/// <param name="CasesDigest">Of the file that was there.</param>
/// <param name="Cases">In the file; 0 where it could not be read.</param>
/// <param name="Results">In the order of the file, whatever order the answers came in: same answers, same results.</param>
/// <param name="Error">Why the run as a whole could not be made; null otherwise.</param>
internal sealed record RunResult(string CasesDigest, int Cases, IReadOnlyList<CaseResult> Results, string? Error);

/// <summary>Runs the cases. It always has a result: what goes wrong is said in it.</summary>
internal sealed class CaseRunner(RunnerSettings settings, TimeProvider time, TextWriter output)
{
    private readonly Lock gate = new();
    private readonly List<CaseResult> results = [];

    /// <summary>Runs.</summary>
    public async Task<RunResult> RunAsync(CancellationToken cancellationToken)
    {
        var digest = settings.CasesDigest ?? string.Empty;
        IReadOnlyList<EvalCase> cases = [];
        using var judge = settings.Judge is { } model
            ? new Judge(model.Url, model.Model, settings.CaseTimeout, settings.Backoff, time)
            : null;
        try
        {
            var file = await File.ReadAllBytesAsync(settings.CasesFile, cancellationToken);
            digest = CasesFile.Digest(file);
            if (settings.CasesDigest is { } planned && !digest.Equals(planned, StringComparison.OrdinalIgnoreCase))
                return Result(digest, 0, "the cases changed while the run was being made");
            var context = new CaseContext(settings.Refusal) { Judge = judge, JudgeVotes = settings.Judge?.Votes ?? 1 };
            cases = await CasesFile.ReadAsync(file, CasesFile.IsYaml(settings.CasesFile), context, cancellationToken);
            await RunAsync(cases, cancellationToken);
            return Result(digest, cases.Count, null);
        }
        catch (OperationCanceledException)
        {
            return Result(digest, cases.Count, "stopped before the end");
        }
        catch (CasesException exception)
        {
            return Result(digest, 0, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Result(digest, 0, $"the cases file cannot be read: {exception.GetType().Name}");
        }
        catch (Exception exception)
        {
            // A defect of ours. It must end as an Error, never as silence; its text may quote a case, so only its kind is told.
            return Result(digest, cases.Count, $"the runner failed: {exception.GetType().Name}");
        }
    }

    private async Task RunAsync(IReadOnlyList<EvalCase> cases, CancellationToken cancellationToken)
    {
        using var client = new AgentClient(settings, time);
        var attempts = new CaseAttempts(client, settings, time);
        var (min, max) = (settings.Repeats.Min, settings.Repeats.Max);
        await RunAsync(
            attempts,
            Enumerable.Range(1, min).SelectMany(repeat => cases.Select((one, index) => (one, index, repeat))),
            cancellationToken
        );
        for (var repeat = min + 1; repeat <= max && IsUndecided(); repeat++)
        {
            var next = repeat;
            await RunAsync(attempts, cases.Select((one, index) => (one, index, next)), cancellationToken);
        }
    }

    private async Task RunAsync(
        CaseAttempts attempts,
        IEnumerable<(EvalCase One, int Index, int Repeat)> items,
        CancellationToken cancellationToken
    )
    {
        await Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = settings.Parallelism, CancellationToken = cancellationToken },
            async (item, cancel) =>
            {
                var result = await attempts.RunAsync(item.One, item.Index, item.Repeat, cancel);
                lock (gate)
                {
                    results.Add(result);
                    output.WriteLine(result.ToLine());
                    output.Flush();
                }
            }
        );
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// More repeats could decide. Asked of the very text that the operator will judge, with the error split over all looks.
    /// </summary>
    private bool IsUndecided()
    {
        using var text = new MemoryStream(ResultsFile.Text(Ordered()));
        var bar = new ResultsBar(settings.Thresholds)
        {
            CriticalTags = [.. settings.CriticalTags],
            Looks = settings.Repeats.Max - settings.Repeats.Min + 1,
        };
        return ResultsVerdict.Decide(ResultsReader.Read(text), bar).Reason == EvalReasons.BoundsStraddle;
    }

    private RunResult Result(string digest, int cases, string? error) => new(digest, cases, Ordered(), error);

    private List<CaseResult> Ordered()
    {
        lock (gate)
            return [.. results.OrderBy(result => result.Index).ThenBy(result => result.Repeat)];
    }
}
