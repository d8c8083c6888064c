using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AgentReadiness.BenchGuardrail;

/// <summary>
/// Calls at fixed times, whatever became of those before. The times go round some connections; a latency counts from the time at which a
/// call should have left, so that a target which holds up the generator pays for it.
/// </summary>
internal static partial class OpenLoop
{
    /// <summary>Calls a second.</summary>
    public const double Rate = 1000;

    private const int Connections = 50;
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(1);

    /// <summary>The p99, µs, or null where the target cannot carry the rate: a call left a second late.</summary>
    public static async Task<(double? P99, int Calls)> RunAsync(Target target, int seconds, CancellationToken cancellationToken)
    {
        var request = Encoding.ASCII.GetBytes(target.Request);
        var start = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 5);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var perConnection = (int)(Rate * seconds / Connections);
        // A thread for each: a blocking call wakes sooner than one that a pool resumes.
        var all = await Task.WhenAll(
            Enumerable
                .Range(0, Connections)
                .Select(connection =>
                    Task.Factory.StartNew(
                        () => Connection(target, request, start, connection, perConnection, late),
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );
        cancellationToken.ThrowIfCancellationRequested();
        var latencies = all.SelectMany(one => one).ToList();
        return (late.IsCancellationRequested ? null : Figures.At(latencies, 0.99), latencies.Count);
    }

    private static List<double> Connection(
        Target target,
        byte[] request,
        long start,
        int connection,
        int calls,
        CancellationTokenSource late
    )
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
        socket.Connect(IPAddress.Loopback, target.Port);
        var latencies = new List<double>(calls);
        var answer = new byte[64 * 1024];
        for (var call = 0; call < calls && !late.IsCancellationRequested; call++)
        {
            var intended = start + (long)(((call * Connections) + connection) / Rate * Stopwatch.Frequency);
            SleepUntil(intended);
            if (Stopwatch.GetElapsedTime(intended) > TooLate)
            {
                late.Cancel();
                break;
            }
            socket.Send(request);
            var length = 0;
            while (!Complete(answer.AsSpan(0, length)))
            {
                length += socket.Receive(answer.AsSpan(length)) is > 0 and var read
                    ? read
                    : throw new InvalidOperationException($"{target.Name} closed a connection");
            }
            latencies.Add(Stopwatch.GetElapsedTime(intended).TotalMicroseconds);
            if (!answer.AsSpan().StartsWith("HTTP/1.1 200 "u8))
                throw new InvalidOperationException($"{target.Name} answered {Encoding.ASCII.GetString(answer, 0, Math.Min(length, 300))}");
        }
        return latencies;
    }

    /// <summary>True where the answer's last byte is there: by its length, or by the empty chunk.</summary>
    private static bool Complete(ReadOnlySpan<byte> answer)
    {
        var headers = answer.IndexOf("\r\n\r\n"u8);
        if (headers < 0)
            return false;
        var text = Encoding.ASCII.GetString(answer[..headers]);
        var at = text.IndexOf("content-length:", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return answer.EndsWith("0\r\n\r\n"u8);
        var value = text.AsSpan(at + "content-length:".Length);
        var stop = value.IndexOf('\r');
        return answer.Length - headers - 4 >= int.Parse(stop < 0 ? value : value[..stop]);
    }

    /// <summary>Sleeps to within some 60 µs.</summary>
    public static void SleepUntil(long timestamp)
    {
        while (timestamp - Stopwatch.GetTimestamp() is > 0 and var left)
        {
            var nanoseconds = (long)(left * (1e9 / Stopwatch.Frequency));
            var time = new TimeSpec { Seconds = (nint)(nanoseconds / 1_000_000_000), Nanoseconds = (nint)(nanoseconds % 1_000_000_000) };
            _ = Nanosleep(time, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Nanosleep(in TimeSpec time, nint left);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
