using System.Diagnostics;
using AgentReadiness.ApiServer.Tests;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Bench;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;

if (args is not [var published, var output, .. var counts])
{
    Console.Error.WriteLine("usage: bench OPERATOR REPORT.md [FEW MANY CHANGES]");
    return 2;
}
int Count(int index, int fallback) => counts.Length > index ? int.Parse(counts[index], CultureInfo.InvariantCulture) : fallback;
var (few, many, changes) = (Count(0, 1000), Count(1, 5000), Count(2, 100));

var clock = Stopwatch.StartNew();
void Say(string text) => Console.Error.WriteLine($"{clock.Elapsed:mm\\:ss}  {text}");

var folder = Directory.CreateTempSubdirectory("agent-readiness-bench-").FullName;
var plane = new ControlPlane();
try
{
    GrantsTls.Write(folder);
    await plane.InitializeAsync();
    Say("etcd and the API server answer");
    var options = new OperatorOptions
    {
        Namespace = "agent-readiness",
        PodName = "operator",
        PodIp = "127.0.0.1",
        GuardrailImage = "guardrail:1",
        EvalRunnerImage = "eval-runner:1",
        GrantsUrl = "https://127.0.0.1:1",
        GrantsTlsDirectory = folder,
        GrantsPort = Ports.Free(),
        MetricsPort = Ports.Free(),
        HealthPort = Ports.Free(),
    };
    // As the operator finds them on this server: no native sidecars, an old policy group.
    var environment = new OperatorEnvironment(
        options.GuardrailImage,
        options.GrantsUrl,
        await File.ReadAllTextAsync(Path.Combine(folder, "ca.crt")),
        new ServerFeatures(NativeSidecars: false, DisruptionView.Resource("v1beta1"), EndpointsView.Slices("v1beta1")),
        [options.Namespace]
    );
    var population = new Population(plane, options, environment);
    await population.NamespaceAsync(options.Namespace);
    var report = new Report(few, many, changes);
    // After each part: what was measured stays, whatever becomes of the rest.
    Task KeepAsync() => BenchmarksPage.WriteAsync(output, "make bench", report.ToString());

    await population.GrowAsync(
        few,
        count =>
        {
            if (count % 500 == 0)
                Say($"{count} agents serve");
        }
    );
    await using (var started = new Measured(plane, options, folder, Path.GetFullPath(published)))
    {
        var ready = await started.ReadyAsync();
        Say($"{few} agents: ready after {ready.TotalSeconds:0.0} s");
        await started.QuietAsync(TimeSpan.FromSeconds(5), Say);
        var minute = await started.MinuteAsync();
        Say($"{few} agents: {minute}");
        report.Steady(few, minute);
        await KeepAsync();
        if (changes > 0)
        {
            report.Reaction(await Reaction.MeasureAsync(plane, changes, Say));
            await KeepAsync();
            await started.QuietAsync(TimeSpan.FromSeconds(3), Say);
            await plane.StopControllersAsync();
        }
    }

    population.HasReplicaSets = false;
    await population.GrowAsync(
        many,
        count =>
        {
            if (count % 500 == 0)
                Say($"{count} agents serve");
        }
    );
    await using (var started = new Measured(plane, options, folder, Path.GetFullPath(published)))
    {
        var ready = await started.ReadyAsync();
        Say($"{many} agents: ready after {ready.TotalSeconds:0.0} s, peak {started.Peak:0} MB");
        var quiet = await started.QuietAsync(TimeSpan.FromSeconds(3), Say);
        var minute = await started.MinuteAsync();
        Say($"{many} agents: quiet after {quiet.TotalSeconds:0} s, {minute}");
        report.Start(ready, quiet, started.Peak);
        report.Steady(many, minute);
    }
    Say("done");
    Console.WriteLine(report.ToString());
    await KeepAsync();
    return 0;
}
finally
{
    await plane.DisposeAsync();
    Directory.Delete(folder, recursive: true);
}
