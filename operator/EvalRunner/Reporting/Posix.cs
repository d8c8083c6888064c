using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AgentReadiness.EvalRunner.Reporting;

/// <summary>System calls that the library has no words for. Linux only.</summary>
internal static partial class Posix
{
    private const int NotPermitted = 1;
    private const int NoSuchProcess = 3;
    private const int Interrupted = 4;
    private const int InvalidArgument = 22;
    private const int NoSuchCall = 38;

    // The same number on every architecture: the call is younger than their common table.
    private const nint PidfdOpenNumber = 434;

    private const short PollIn = 1;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    // This one is older, and differs.
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a file to read it, which must not be a symbolic link, and waits for nothing, whatever kind of file it is.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle OpenFile(string path)
    {
        var handle = Open(path, NonBlocking | CloseOnExec | NoFollow);
        if (handle >= 0)
            return new SafeFileHandle(handle, ownsHandle: true);
        throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
    }

    /// <summary>Blocks until a process has ended, all of its threads included.</summary>
    /// <returns>False where the kernel has no such call; true also where there is no such process.</returns>
    public static bool TryWait(int process)
    {
        var opened = (int)PidfdOpen(PidfdOpenNumber, process, 0);
        if (opened < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            // Some filters of system calls answer that it is not permitted.
            if (error is NoSuchCall or NotPermitted)
                return false;
            if (error is NoSuchProcess or InvalidArgument)
                return true;
            throw new Win32Exception(error);
        }
        using var handle = new SafeFileHandle(opened, ownsHandle: true);
        var wait = new PollEntry { File = opened, Events = PollIn };
        while (Poll(ref wait, 1, -1) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
                throw new Win32Exception(error);
        }
        return true;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint PidfdOpen(nint number, nint process, nint flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollEntry entries, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
