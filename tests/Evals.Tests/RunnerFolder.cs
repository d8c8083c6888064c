using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

/// <summary>A folder with a cases file, and what a run of it finds.</summary>
internal sealed class RunnerFolder : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("evals-tests-").FullName;

    public StringWriter Output { get; } = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public RunnerSettings Settings(Uri target, params string[] lines) => SettingsOf("cases.jsonl", target, string.Join('\n', lines));

    public RunnerSettings SettingsOf(string name, Uri target, string text)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, text);
        return new RunnerSettings
        {
            Run = "run-uid",
            CasesFile = file,
            CasesDigest = CasesFile.Digest(File.ReadAllBytes(file)),
            Target = target,
            CaseTimeout = TimeSpan.FromSeconds(30),
            Backoff = TimeSpan.FromMilliseconds(1),
        };
    }

    public Task<RunResult> RunAsync(RunnerSettings settings, CancellationToken cancellationToken = default) =>
        new CaseRunner(settings, TimeProvider.System, Output).RunAsync(cancellationToken);

    /// <summary>Runs a single case.</summary>
    public async Task<CaseResult> RunOneAsync(Uri target, string line, Func<RunnerSettings, RunnerSettings>? with = null)
    {
        var settings = Settings(target, line);
        var run = await RunAsync(with?.Invoke(settings) ?? settings);
        return run.Error is null ? run.Results.Single() : throw new InvalidOperationException(run.Error);
    }
}
