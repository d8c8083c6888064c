using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AgentReadiness.BenchGuardrail;

/// <summary>A process that this one started, with those that it starts: what they cost, and their end.</summary>
internal sealed partial class Child : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan CalmLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);
    private readonly Process process;
    private readonly string log;

    /// <summary>Starts it; what it prints goes to a file, for a pipe would have to be read here.</summary>
    public Child(
        string name,
        string folder,
        string file,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null
    )
    {
        Name = name;
        log = Path.Combine(folder, $"{name}.log");
        // The shell becomes the program, so the id stays.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log, file, .. arguments])
        {
            RedirectStandardInput = true,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        process = Process.Start(start)!;
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>User and system time of all its threads and processes, µs.</summary>
    public double Cpu => Tree().Sum(id => ProcFigures.Cpu(id).TotalMicroseconds);

    /// <summary>VmRSS, MB.</summary>
    public double Resident => Tree().Sum(id => ProcFigures.Memory(id, "VmRSS"));

    /// <summary>Its last lines.</summary>
    public string LastOutput => File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(5)) : "";

    /// <summary>Fails where it has ended.</summary>
    public void MustRun()
    {
        if (process.HasExited)
            throw new InvalidOperationException($"{Name} has ended with code {process.ExitCode}:\n{LastOutput}");
    }

    /// <summary>Waits until it has nothing left to do, so that it does not disturb what is measured next.</summary>
    public async Task CalmAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < CalmLimit)
        {
            var before = Cpu;
            await Task.Delay(100, cancellationToken);
            if (Cpu - before <= 20_000)
                break;
        }
    }

    /// <summary>Asks it to end, so that it ends those that it started; then kills all.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            _ = Signal(process.Id, Terminate);
            using var limit = new CancellationTokenSource(EndLimit);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
        process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int id, int signal);

    private List<int> Tree()
    {
        MustRun();
        var parents = Directory
            .EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => char.IsAsciiDigit(name![0]))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .ToLookup(ProcFigures.Parent);
        List<int> tree = [process.Id];
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(parents[tree[i]]);
        return tree;
    }
}
