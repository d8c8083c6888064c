using System.Runtime.InteropServices;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Reporting;
using AgentReadiness.EvalRunner.Running;

// The schema library runs patterns without a limit of its own; this is the limit of every expression that names none.
AppDomain.CurrentDomain.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", TimeSpan.FromSeconds(1));

using var stop = new CancellationTokenSource();

// The Job's deadline, or a deleted Job: there is time for a report, and the report says that there was no time for the rest.
using var terminate = PosixSignalRegistration.Create(
    PosixSignal.SIGTERM,
    signal =>
    {
        signal.Cancel = true;
        stop.Cancel();
    }
);

switch (args)
{
    case [] or ["run"]:
        return await RunAsync(stop.Token);
    case ["report"]:
        await Console.Out.WriteLineAsync("waiting for the runner");
        var reporter = new Reporter(ReporterSettings.Read(Environment.GetEnvironmentVariable), ProcessWait.ForOthers(), Console.Out);
        var written = await WriteMessageAsync((await reporter.RunAsync(stop.Token)).ToMessage());
        await QuitGuardrailAsync();
        return written;
    default:
        await Console.Error.WriteLineAsync("usage: eval-runner [run|report]");
        return 2;
}

static async Task<int> RunAsync(CancellationToken cancellationToken)
{
    if (Environment.GetEnvironmentVariable(RunnerVariables.ResultsPath) is not { Length: > 0 } results)
    {
        await Console.Error.WriteLineAsync("the variable RESULTS_PATH is not set: it names the file that the results go to");
        return 2;
    }
    try
    {
        var settings = RunnerSettings.Read(Environment.GetEnvironmentVariable);
        return await WriteResultsAsync(
            results,
#pragma warning disable RS0030 // A host: this is where the clock is chosen.
            ResultsFile.Text(await new CaseRunner(settings, TimeProvider.System, Console.Out).RunAsync(cancellationToken))
#pragma warning restore RS0030
        );
    }
    catch (FormatException exception)
    {
        return await WriteResultsAsync(results, ResultsFile.Failed(exception.Message));
    }
}

static async Task<int> WriteResultsAsync(string path, byte[] text)
{
    await Console.Out.FlushAsync();
    try
    {
        ResultsFile.Write(path, text);
        return 0;
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
    {
        await Console.Error.WriteLineAsync($"the results cannot be written: {exception.Message}");
        return 1;
    }
}

// A judge's guardrail serves until somebody says that the work is done.
static async Task QuitGuardrailAsync()
{
    if (Environment.GetEnvironmentVariable(RunnerVariables.GuardrailQuit) is not { Length: > 0 } url)
        return;
    try
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
        using var answer = await client.PostAsync(new Uri(url), null);
        Console.WriteLine($"the guardrail was told to end: {(int)answer.StatusCode}");
    }
    catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
    {
        // The report is out; the Job's deadline ends what is left.
        await Console.Error.WriteLineAsync($"the guardrail could not be told to end: {exception.Message}");
    }
}

static async Task<int> WriteMessageAsync(string message)
{
    await Console.Out.FlushAsync();
    try
    {
        var path = Environment.GetEnvironmentVariable(RunnerVariables.TerminationMessagePath) is { Length: > 0 } given
            ? given
            : RunnerSettings.DefaultReportPath;
        // The last act: a report means that everything before it happened.
        await File.WriteAllTextAsync(path, message);
        return 0;
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
    {
        await Console.Error.WriteLineAsync($"the report cannot be written: {exception.Message}");
        return 1;
    }
}
