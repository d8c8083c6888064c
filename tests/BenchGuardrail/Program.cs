using System.Diagnostics;
using System.Runtime.InteropServices;
using AgentReadiness.BenchGuardrail;

if (args is [StreamUpstream.Argument, var port])
    return await StreamUpstream.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
if (args is not [var guardrail, var json, var page, var tools])
{
    Console.Error.WriteLine("usage: bench-guardrail GUARDRAIL FIGURES.json REPORT.md TOOLS");
    return 2;
}
const int Starts = 5;
const int AllCalls = 100_000;
const int Readers = 64;
const int EventInterval = 50;
var topUpLimit = TimeSpan.FromSeconds(90);
int Setting(string name, int fallback) =>
    int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) && value > 0 ? value : fallback;
var (rounds, seconds) = (Setting("BENCH_ROUNDS", 5), Setting("BENCH_SECONDS", 2));

var clock = Stopwatch.StartNew();
void Say(string text) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed:mm\\:ss}  {text}"));

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var figures = new Figures();
    await using var stage = await Stage.StartAsync(guardrail, tools, Starts, Say, stop.Token);
    stage.Ready.ForEach(time => figures.Add(Figures.Run, Report.ReadyTime, time));
    stage.Targets.ForEach(target => figures.Add(target.Name, "rss_mb_start", target.Process.Resident));
    await LoadAsync(stage, figures);
    await StreamsAsync(stage, figures);
    stage.MustRun();
    Say(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{stage.GrantRequests} grant requests; guardrail "
                + $"{stage.Targets.Single(target => target.Name == "guardrail").Process.Resident:0.0} MB at the end"
        )
    );

    await Modes.MeasureAsync(stage, figures, rounds, seconds, Say, stop.Token);

    var report = new Report(figures, rounds, seconds);
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(json))!);
    await File.WriteAllTextAsync(json, report.Json());
    await BenchmarksPage.WriteAsync(page, "make bench-guardrail", report.Markdown());
    Console.WriteLine(report.Markdown());
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("stopped");
    return 130;
}
catch (Exception exception)
    when (exception
            is InvalidOperationException
                or TimeoutException
                or HttpRequestException
                or IOException
                or System.Net.Sockets.SocketException
    )
{
    Console.Error.WriteLine($"\nTHE RUN FAILED, nothing is written: {exception.Message}");
    return 1;
}

async Task LoadAsync(Stage stage, Figures figures)
{
    var calls = stage.Targets.ToDictionary(target => target, _ => 1L);
    // Unmeasured: connections, caches, and the compiler of those that have one.
    foreach (var target in stage.Targets)
        calls[target] += (await stage.Wrk.RunAsync(target, 32, seconds, stop.Token)).Calls;
    for (var round = 1; round <= rounds; round++)
    {
        // Each goes first once.
        foreach (var target in stage.Targets.Skip(round % stage.Targets.Count).Concat(stage.Targets.Take(round % stage.Targets.Count)))
        {
            var one = await stage.Wrk.RunAsync(target, 1, seconds, stop.Token);
            figures.Add(target.Name, "c1.p50_us", one.P50);
            figures.Add(target.Name, "c1.p99_us", one.P99);
            var many = await stage.Wrk.RunAsync(target, 32, seconds, stop.Token);
            figures.Add(target.Name, "c32.p50_us", many.P50);
            figures.Add(target.Name, "c32.p99_us", many.P99);
            figures.Add(target.Name, "c32.rps", many.PerSecond);
            figures.Add(target.Name, "c32.cpu_us_per_call", many.CpuPerCall);
            var (p99, paced) = many.PerSecond < OpenLoop.Rate ? (null, 0) : await OpenLoop.RunAsync(target, seconds, stop.Token);
            figures.Add(target.Name, "rate1000.p99_us", p99);
            calls[target] += one.Calls + many.Calls + paced;
            await target.Process.CalmAsync(stop.Token);
            stage.MustRun();
            Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round}, {target.Name}: {one.P50:0} / {one.P99:0} µs; {many.PerSecond:0}/s, {many.P50:0} / {many.P99:0} µs, "
                        + $"{many.CpuPerCall:0.0} µs CPU; at 1,000/s {(p99 is null ? "it cannot keep up" : $"{p99:0} µs")}"
                )
            );
        }
    }
    foreach (var target in stage.Targets)
    {
        var began = Stopwatch.GetTimestamp();
        while (calls[target] < AllCalls && Stopwatch.GetElapsedTime(began) < topUpLimit)
            calls[target] += (await stage.Wrk.RunAsync(target, 32, seconds, stop.Token)).Calls;
        var resident = target.Process.Resident;
        figures.Add(target.Name, "rss_mb_end", calls[target] < AllCalls ? null : resident);
        Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{target.Name}: {resident:0.0} MB after {calls[target]:#,0} calls{(calls[target] < AllCalls ? ", too few to report" : "")}"
            )
        );
    }
}

async Task StreamsAsync(Stage stage, Figures figures)
{
    using var streams = new Streams();
    using var hostile = new Hostile();
    var plain = stage.Targets.Single(target => target.Name == "guardrail").Url;
    async Task<double> P99Async(Uri url) =>
        1000
        * Figures.At(
            [.. (await streams.ReadAsync(url, Readers, EventInterval, TimeSpan.FromSeconds(seconds), stop.Token)).Select(one => one.Delay)],
            0.99
        );
    // Unmeasured, as above.
    await P99Async(stage.Streaming.Direct);
    await P99Async(stage.Streaming.Guardrail);
    for (var round = 1; round <= rounds; round++)
    {
        var direct = await P99Async(stage.Streaming.Direct);
        var through = await P99Async(stage.Streaming.Guardrail);
        figures.Add(Figures.Run, Report.EventDelay, Math.Max(0, through - direct));
        var (quiet, loud, shapes) = await hostile.RunAsync(streams, stage.Streaming.Guardrail, plain, seconds, stop.Token);
        figures.Add(Figures.Run, Report.HostileDelay, Math.Max(0, loud - quiet));
        stage.MustRun();
        Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}, streams: event p99 {direct:0} µs direct, {through:0} µs guardrail; largest delay {quiet:0.00} ms, beside "
                    + $"hostile bodies {loud:0.00} ms\n{shapes}"
            )
        );
    }
}
