using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// The bytes of one slot: checksum (8), sequence (8), kind (1), length of the holder (1) and of the window (1, 255: null), holder (64),
/// window (48), five amounts of 24. A slot under the pen has checksum 0.
/// </summary>
internal static class JournalSlot
{
    public const int Size = 256;
    public const int ChecksumSize = 8;
    private const int HolderAt = 24;
    private const int MostHolder = 64;
    private const int WindowAt = HolderAt + MostHolder;
    private const int MostWindow = 48;
    private const int AmountsAt = WindowAt + MostWindow;
    private const int AmountSize = 24;
    private const byte NoWindow = 255;
    private const byte FreeKind = 1;
    private const byte RecordKind = 2;

    /// <summary>
    /// Whether names of this kind have room. What has none is not journaled, and so counts as unproven when its process dies.
    /// </summary>
    public static bool Fits(string holder, string? window) => IsName(holder, MostHolder) && (window is null || IsName(window, MostWindow));

    /// <summary>Writes a record into a zeroed slot.</summary>
    public static void Write(Span<byte> slot, ulong sequence, string holder, GrantWindow window)
    {
        slot[16] = RecordKind;
        slot[17] = (byte)Encoding.ASCII.GetBytes(holder, slot[HolderAt..]);
        slot[18] = window.Id is { } id ? (byte)Encoding.ASCII.GetBytes(id, slot[WindowAt..]) : NoWindow;
        Put(slot, 0, window.Granted);
        Put(slot, 1, window.Settled);
        Put(slot, 2, window.Unproven);
        Put(slot, 3, window.Returned);
        Put(slot, 4, window.Reserved);
        Seal(slot, sequence);
    }

    /// <summary>Writes into a zeroed slot that nothing stands here.</summary>
    public static void WriteFree(Span<byte> slot, ulong sequence)
    {
        slot[16] = FreeKind;
        Seal(slot, sequence);
    }

    /// <summary>Reads a slot.</summary>
    public static SlotState Read(ReadOnlySpan<byte> slot, out ulong sequence, out JournalRecord record)
    {
        record = default;
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(slot[ChecksumSize..]);
        var checksum = BinaryPrimitives.ReadUInt64LittleEndian(slot);
        if (checksum == 0)
            return SlotState.Blank;
        if (checksum != Checksum(slot))
            return SlotState.Broken;
        if (slot[16] == FreeKind)
            return SlotState.Free;
        if (slot[16] != RecordKind || slot[17] is 0 or > MostHolder || slot[18] is > MostWindow and not NoWindow)
            return SlotState.Broken;
        var holder = Encoding.Latin1.GetString(slot.Slice(HolderAt, slot[17]));
        var window = slot[18] == NoWindow ? null : Encoding.Latin1.GetString(slot.Slice(WindowAt, slot[18]));
        Span<Amount> amounts = stackalloc Amount[5];
        for (var i = 0; i < amounts.Length; i++)
        {
            if (!TryGet(slot, i, out amounts[i]))
                return SlotState.Broken;
        }
        if (!Fits(holder, window))
            return SlotState.Broken;
        record = new JournalRecord(holder, window, amounts[0], amounts[1], amounts[2], amounts[3], amounts[4]);
        return SlotState.Record;
    }

    private static void Seal(Span<byte> slot, ulong sequence)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(slot[ChecksumSize..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Checksum(slot));
    }

    // 0 means "under the pen".
    private static ulong Checksum(ReadOnlySpan<byte> slot) =>
        XxHash3.HashToUInt64(slot[ChecksumSize..Size]) is var hash and not 0 ? hash : 1;

    private static void Put(Span<byte> slot, int index, Amount amount)
    {
        var place = slot.Slice(AmountsAt + (index * AmountSize), AmountSize);
        decimal.GetBits(amount.Cost.Amount, MemoryMarshal.Cast<byte, int>(place[..16]));
        BinaryPrimitives.WriteInt64LittleEndian(place[16..], amount.Tokens);
    }

    private static bool TryGet(ReadOnlySpan<byte> slot, int index, out Amount amount)
    {
        var place = slot.Slice(AmountsAt + (index * AmountSize), AmountSize);
        amount = default;
        try
        {
            amount = new Amount(
                new Money(new decimal(MemoryMarshal.Cast<byte, int>(place[..16]))),
                BinaryPrimitives.ReadInt64LittleEndian(place[16..])
            );
        }
        catch (ArgumentException)
        {
            // Not the bits of a number.
            return false;
        }
        return amount.Cost >= Money.Zero && amount.Tokens >= 0 && amount.FitsIn(Amount.Unlimited);
    }

    private static bool IsName(string name, int most)
    {
        if (name.Length is 0 || name.Length > most)
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_'))
                return false;
        }
        return true;
    }
}
