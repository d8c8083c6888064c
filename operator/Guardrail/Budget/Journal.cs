using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>Why a journal is not used. The names are stable: logs are searched for them.</summary>
internal enum JournalFault
{
    /// <summary>Its folder is not there or cannot be written, so this process keeps none.</summary>
    Unavailable,

    /// <summary>An earlier process left one of another version.</summary>
    WrongVersion,

    /// <summary>An earlier process left one of another size.</summary>
    WrongSize,

    /// <summary>A cell of it is broken; the others count.</summary>
    BrokenCell,
}

/// <summary>
/// What this process holds, in a file that outlives it but not its pod: mapped into memory, so that a write is a copy of 256 bytes without
/// a system call, and what was written is there when the process is killed. Each window has a cell of two slots that are written in turn. A
/// write that is cut short leaves the slot before it; whoever wrote has not yet done what it was to announce. <see cref="GrantAccount"/>
/// writes under its lock.
/// </summary>
internal sealed class Journal : IDisposable
{
    /// <summary>The file's name in its folder.</summary>
    public const string FileName = "journal";

    /// <summary>Where the first cell begins.</summary>
    public const int CellsAt = 4096;

    /// <summary>The size of a cell.</summary>
    public const int CellSize = 2 * JournalSlot.Size;

    // An account has 17 windows at most; the others are for processes before this one whose account the operator has not closed yet.
    private const int Cells = 48;
    private const int FileSize = CellsAt + (Cells * CellSize);

    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly SafeMemoryMappedViewHandle memory;
    private readonly bool[] used = new bool[Cells];
    private readonly ulong[] sequences = new ulong[Cells];

    private Journal(MemoryMappedFile file)
    {
        this.file = file;
        view = file.CreateViewAccessor(0, FileSize);
        memory = view.SafeMemoryMappedViewHandle;
        var orphaned = new List<(int Cell, JournalRecord Record)>();
        for (var cell = 0; cell < Cells; cell++)
        {
            if (Read(cell) is { } record)
                orphaned.Add((cell, record));
        }
        Orphaned = orphaned;
    }

    /// <summary>What earlier processes of the pod left: they are dead, and the operator does not know all of it yet.</summary>
    public IReadOnlyList<(int Cell, JournalRecord Record)> Orphaned { get; }

    /// <summary>Cells that an earlier process left and that cannot be read.</summary>
    public int BrokenCells { get; private set; }

    private static ReadOnlySpan<byte> Header => "agentreadiness.dev guardrail journal, version 1\n"u8;

    /// <summary>Opens the journal of a folder, and makes it where there is none that can be used. Null where that is impossible.</summary>
    public static Journal? Open(string folder, ILogger logger)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            if (!Directory.Exists(folder))
            {
                logger.JournalFault(nameof(JournalFault.Unavailable), "there is no folder " + folder);
                return null;
            }
            if (File.Exists(path) && FaultOf(path) is { } fault)
                logger.JournalFault(fault.ToString(), "what earlier processes of this pod held is unproven");
            else if (File.Exists(path))
                return Map(path, logger);
            Create(path);
            return Map(path, logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            logger.JournalFault(nameof(JournalFault.Unavailable), exception.Message);
            return null;
        }
    }

    /// <summary>Writes down what is held in a window. When it returns, the death of this process can no longer undo it.</summary>
    public void Write(string holder, GrantWindow window)
    {
        if (!JournalSlot.Fits(holder, window.Id))
        {
            Forget(window);
            return;
        }
        if (window.Cell < 0 && (window.Cell = Array.IndexOf(used, false)) < 0)
            return;
        used[window.Cell] = true;
        Span<byte> slot = stackalloc byte[JournalSlot.Size];
        JournalSlot.Write(slot, ++sequences[window.Cell], holder, window);
        Put(window.Cell, slot);
    }

    /// <summary>The window is told and over, or counts as unproven anyhow: nothing is to be said about it.</summary>
    public void Forget(GrantWindow window)
    {
        if (window.Cell >= 0)
            Forget(window.Cell);
        window.Cell = -1;
    }

    /// <summary>What an earlier process left in a cell is told.</summary>
    public void Forget(int cell)
    {
        Span<byte> slot = stackalloc byte[JournalSlot.Size];
        JournalSlot.WriteFree(slot, ++sequences[cell]);
        Put(cell, slot);
        Volatile.Write(ref used[cell], false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }

    // The checksum is off the slot before anything else changes in it, and on it after all else: so a slot is whole, or it is blank.
    private void Put(int cell, ReadOnlySpan<byte> slot)
    {
        var at = (ulong)(CellsAt + (cell * CellSize) + ((int)(sequences[cell] & 1) * JournalSlot.Size));
        memory.Write(at, 0UL);
        memory.WriteSpan(at + JournalSlot.ChecksumSize, slot[JournalSlot.ChecksumSize..]);
        memory.WriteSpan(at, slot[..JournalSlot.ChecksumSize]);
    }

    private JournalRecord? Read(int cell)
    {
        Span<byte> both = stackalloc byte[CellSize];
        memory.ReadSpan((ulong)(CellsAt + (cell * CellSize)), both);
        JournalRecord? newest = null;
        var broken = false;
        for (var i = 0; i < 2; i++)
        {
            var state = JournalSlot.Read(both.Slice(i * JournalSlot.Size, JournalSlot.Size), out var sequence, out var record);
            broken |= state == SlotState.Broken;
            if (state is not (SlotState.Free or SlotState.Record) || sequence < sequences[cell])
                continue;
            sequences[cell] = sequence;
            newest = state == SlotState.Record ? record : null;
        }
        if (broken)
        {
            // Perhaps the slot that is left is the older one: then it knows too little of what was spent.
            BrokenCells++;
            newest = null;
            sequences[cell] = 0;
            memory.WriteSpan<byte>((ulong)(CellsAt + (cell * CellSize)), new byte[CellSize]);
        }
        used[cell] = newest is not null;
        return newest;
    }

    private static JournalFault? FaultOf(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> start = stackalloc byte[Header.Length];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (!start[..read].SequenceEqual(Header))
            return JournalFault.WrongVersion;
        return stream.Length == FileSize ? null : JournalFault.WrongSize;
    }

    // Written out in full before it is mapped: a page that a full volume could not give later would end the process.
    private static void Create(string path)
    {
        var bytes = new byte[FileSize];
        Header.CopyTo(bytes);
        File.WriteAllBytes(path + ".new", bytes);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static Journal Map(string path, ILogger logger)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var journal = new Journal(
            MemoryMappedFile.CreateFromFile(
                stream,
                null,
                FileSize,
                MemoryMappedFileAccess.ReadWrite,
                HandleInheritability.None,
                leaveOpen: false
            )
        );
        if (journal.BrokenCells > 0)
            logger.JournalFault(nameof(JournalFault.BrokenCell), $"{journal.BrokenCells} cells; what they told of is unproven");
        return journal;
    }
}
