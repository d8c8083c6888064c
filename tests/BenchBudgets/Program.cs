using System.Diagnostics;
using System.Runtime.InteropServices;
using AgentReadiness.Api.Resources;
using AgentReadiness.BenchBudgets;
using AgentReadiness.BenchGuardrail;
using AgentReadiness.Runtime;

if (args is not [var published, var page])
{
    Console.Error.WriteLine("usage: bench-budgets OPERATOR REPORT.md");
    return 2;
}
const int SharingAgents = 10;
int Setting(string name, int fallback) =>
    int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) && value > 0 ? value : fallback;
var sizes = (Environment.GetEnvironmentVariable("BENCH_PODS") is { Length: > 0 } text ? text : "1 100 1000")
    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
    .Select(size => int.Parse(size, CultureInfo.InvariantCulture))
    .ToList();
var plan = new Plan(
    sizes,
    Setting("BENCH_ROUNDS", 3),
    TimeSpan.FromSeconds(Setting("BENCH_SECONDS", 2)),
    TimeSpan.FromSeconds(Setting("BENCH_LOAD_SECONDS", 60)),
    Setting("BENCH_RATE", 500)
);

var clock = Stopwatch.StartNew();
void Say(string text) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed:mm\\:ss}  {text}"));

// A machine that is too busy is no reason to run for ever.
var limit = TimeSpan.FromMinutes(Setting("BENCH_LIMIT_MINUTES", 12));
using var stop = new CancellationTokenSource(limit);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
Stage? running = null;
try
{
    await using var stage = running = await Stage.StartAsync(Path.GetFullPath(published), plan.Cap, Say, stop.Token);
    await stage.NamespaceAsync(Plan.Reference, stop.Token);
    var report = new Report(plan);
    foreach (var size in sizes)
        await MeasureAsync(stage, size, report);
    await BenchmarksPage.WriteAsync(page, "make bench-budgets", report.ToString());
    Console.WriteLine(report.ToString());
    Say("done");
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine(
        clock.Elapsed < limit ? "stopped" : $"stopped: it took longer than {limit.TotalMinutes:0} minutes, nothing is written"
    );
    return 130;
}
catch (Exception exception)
    when (exception is InvalidOperationException or TimeoutException or HttpRequestException or IOException or KubernetesApiException)
{
    Console.Error.WriteLine($"\nTHE RUN FAILED, nothing is written: {exception.Message}\n{running?.Log}");
    return 1;
}

async Task MeasureAsync(Stage stage, int size, Report report)
{
    var one = await stage.FleetAsync($"one-{size}", 1, size, isShared: false, stop.Token);
    var shared = await stage.FleetAsync($"shared-{size}", Math.Min(SharingAgents, size), size, isShared: true, stop.Token);
    Say($"{size} pods: made, twice");
    var first = await Load.BeginAsync(one.Pods, Say, stop.Token);
    report.Begun(size, first);
    Say(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{size} pods: first grants after {Figures.At(first, 0.5):0} / {first.Max():0} ms (median, longest)"
        )
    );
    stage.MustRun();

    Say(string.Create(CultureInfo.InvariantCulture, $"{size} pods: {plan.Rate} calls per second for {plan.Load.TotalSeconds:0} s"));
    var loaded = await new Load(one.Pods, plan.Rate).RunAsync(stage.Counters, Plan.Warm, plan.Load, stop.Token);
    report.Loaded(size, loaded);
    Say(Report.Line(size, loaded));
    await Task.WhenAll(one.Pods.Select(pod => pod.StopAsync()));
    stage.MustRun();

    await Load.BeginAsync(shared.Pods, Say, stop.Token);
    await Task.WhenAll(shared.Pods.Select(pod => pod.StopAsync()));
    var ledger =
        await stage.Api.GetAsync(ResourceType.Of<BudgetLedger>(), one.Namespace, one.Ledger, stop.Token)
        ?? throw new InvalidOperationException($"there is no ledger {one.Ledger}");
    report.Size(size, ledger.ToJsonString().Length);
    for (var round = 1; round <= plan.Rounds; round++)
    {
        var alone = await Saturation.RunAsync(one.Pods, stage.Counters, plan.Measured, stop.Token);
        var together = await Saturation.RunAsync(shared.Pods, stage.Counters, plan.Measured, stop.Token);
        Task<Swapped> SwapAsync(bool withHolders, int writers) =>
            CompareAndSwap.RunAsync(stage.Api, ledger, withHolders, Plan.Reference, writers, plan.Measured, stop.Token);
        var writers = Math.Min(size, CompareAndSwap.MostWriters);
        var swaps = new Swaps(await SwapAsync(true, writers), await SwapAsync(false, writers), await SwapAsync(true, 1));
        report.Round(size, alone, together, swaps);
        Say(Report.Line(size, round, alone, together, swaps));
        stage.MustRun();
    }
}
