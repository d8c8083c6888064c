using System.Diagnostics;
using AgentReadiness.Story;

namespace AgentReadiness.Storm;

/// <summary>The processes of pods on this machine, found by the pod's UID in their cgroup. Needs root, as the cluster does.</summary>
internal sealed class PodProcesses
{
    private readonly HashSet<(int Pid, string Ip)> cut = [];

    /// <summary>
    /// Kills, by SIGKILL and by their ids, the processes of a pod; only those whose program has the given name, if one is given. Returns
    /// how many.
    /// </summary>
    public int Kill(string podUid, string? program)
    {
        var killed = 0;
        foreach (
            var pid in Of(podUid)
                .Where(pid =>
                    program is null ? ProgramOf(pid) is not ("" or "pause") : ProgramOf(pid).EndsWith(program, StringComparison.Ordinal)
                )
        )
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
                killed++;
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                // Gone already.
            }
        }
        return killed;
    }

    /// <summary>Makes addresses unreachable from a pod's network namespace.</summary>
    public async Task CutAsync(string podUid, IReadOnlyList<string> addresses)
    {
        if (Of(podUid).FirstOrDefault() is not (> 0 and var pid))
            return;
        foreach (var ip in addresses.Where(ip => cut.Add((pid, ip))))
            await RouteAsync("add", pid, ip);
    }

    /// <summary>Undoes every cut.</summary>
    public async Task JoinAllAsync()
    {
        foreach (var (pid, ip) in cut.ToList())
            await RouteAsync("del", pid, ip);
        cut.Clear();
    }

    private static async Task RouteAsync(string verb, int pid, string ip)
    {
        try
        {
            await CommandLine.RunAsync(
                "nsenter",
                ["-t", $"{pid}", "-n", "ip", "route", verb, "blackhole", $"{ip}/32"],
                null,
                CancellationToken.None
            );
        }
        catch (CommandException) when (!Directory.Exists($"/proc/{pid}") || verb == "del")
        {
            // The pod is gone, and its network with it.
        }
    }

    private static IEnumerable<int> Of(string podUid)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(folder), out var pid)
                && Read(pid, "cgroup") is var group
                && (group.Contains(podUid, StringComparison.Ordinal) || group.Contains(podUid.Replace('-', '_'), StringComparison.Ordinal))
            )
            {
                yield return pid;
            }
        }
    }

    private static string ProgramOf(int pid) => Path.GetFileName(Read(pid, "cmdline").Split('\0')[0]);

    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
