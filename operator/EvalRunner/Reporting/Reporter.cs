using AgentReadiness.Contracts.Evals;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner.Reporting;

/// <summary>What the reporter is told, from the environment.</summary>
/// <param name="Run">UID of the EvalRun.</param>
/// <param name="ResultsPath">The file that the runner writes, or its folder.</param>
/// <param name="CasesDigest">Of the cases that the built-in runner has; null for any other runner.</param>
internal sealed record ReporterSettings(string Run, string? ResultsPath, string? CasesDigest)
{
    /// <summary>Reads the environment. Nothing in it is refused: what is missing is told in the message.</summary>
    public static ReporterSettings Read(Func<string, string?> variable)
    {
        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
        return new ReporterSettings(
            Given(RunnerVariables.RunUid) ?? string.Empty,
            Given(RunnerVariables.ResultsPath),
            Given(RunnerVariables.CasesDigest)
        );
    }
}

/// <summary>Waits for the runner, reads what it left, prints the cases, and makes the message. It always makes one.</summary>
internal sealed class Reporter(ReporterSettings settings, ProcessWait runner, TextWriter log)
{
    /// <summary>Runs.</summary>
    public async Task<ReporterMessage> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (settings.ResultsPath is not { } path)
                return Message(new ResultsProblem(EvalReasons.NoResults, "the variable RESULTS_PATH is not set"));
            await runner.RunAsync(cancellationToken);
            // Reading does not look at the token: a large file is left where it is.
            var (message, native) = await Task.Run(() => Read(path), cancellationToken).WaitAsync(cancellationToken);
            return native is null || ResultsLog.Write(log, native)
                ? message
                : Message(new ResultsProblem(EvalReasons.ResultsUnreadable, "the results are too long for a log"));
        }
        catch (OperationCanceledException)
        {
            return Message(new ResultsProblem(EvalReasons.DeadlineExceeded, "stopped before the runner ended and its results were read"));
        }
        catch (Exception exception)
        {
            // A defect of ours, or of the disk. It must end as an Error, never as silence.
            return Message(new ResultsProblem(EvalReasons.ResultsUnreadable, $"the reporter failed: {exception.GetType().Name}"));
        }
    }

    private (ReporterMessage Message, byte[]? Native) Read(string path)
    {
        using var file = ResultsLocation.Open(path, out var problem);
        if (file is null)
            return (Message(problem!), null);
        EvalResults results;
        try
        {
            results = ResultsReader.Read(file);
        }
        catch (IOException exception)
        {
            return (Message(new ResultsProblem(EvalReasons.ResultsUnreadable, $"the results cannot be read: {exception.Message}")), null);
        }
        if (results.Problems is [var found, ..])
            return (Message(found, results.Format), null);
        try
        {
            var native = ResultsLog.Native(results);
            return (
                ReporterMessage.Of(settings.Run, results, ResultsLog.Digest(native)) with
                {
                    CasesDigest = settings.CasesDigest,
                    Results = ResultsLog.Inline(native),
                },
                native
            );
        }
        catch (InvalidDataException exception)
        {
            return (Message(new ResultsProblem(EvalReasons.ResultsUnreadable, exception.Message), results.Format), null);
        }
    }

    private ReporterMessage Message(ResultsProblem problem, string? format = null) =>
        ReporterMessage.Of(settings.Run, problem, format) with
        {
            CasesDigest = settings.CasesDigest,
        };
}
