using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// The bytes of a record: length of what follows the checksum (4), checksum of it (8), then state (1), time in milliseconds since 1970
/// (8), ID (32), content (32), status (2), length of the headers (2) and of the body (4; -1: none), headers, body. Little-endian.
/// </summary>
internal static class EffectFormat
{
    private const int LengthSize = 4;
    private const int HeadSize = LengthSize + 8;
    private const int HashSize = 32;
    private const int FixedSize = 1 + 8 + HashSize + HashSize + 2 + 2 + 4;
    private const int LongestHeaders = 8192;
    private const int Longest = FixedSize + LongestHeaders + EffectResult.LongestBody;

    /// <summary>The bytes of a record.</summary>
    public static byte[] Write(EffectRecord record)
    {
        var type = Encoding.UTF8.GetBytes(record.Result?.Headers ?? "");
        if (type.Length > LongestHeaders)
            type = [];
        var body = record.Result?.Body;
        var bytes = new byte[HeadSize + FixedSize + type.Length + (body?.Length ?? 0)];
        var at = bytes.AsSpan(HeadSize);
        at[0] = (byte)record.State;
        BinaryPrimitives.WriteInt64LittleEndian(at[1..], record.At.ToUnixTimeMilliseconds());
        Convert.FromHexString(record.Id).CopyTo(at[9..]);
        Convert.FromHexString(record.Content).CopyTo(at[(9 + HashSize)..]);
        var rest = at[(9 + (2 * HashSize))..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)(record.Result?.Status ?? 0));
        BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], (ushort)type.Length);
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], body?.Length ?? -1);
        type.CopyTo(rest[8..]);
        body?.CopyTo(rest[(8 + type.Length)..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - HeadSize);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(LengthSize), XxHash64.HashToUInt64(at));
        return bytes;
    }

    /// <summary>The record at the start of a text, and its size; null where there is no whole one.</summary>
    public static EffectRecord? Read(ReadOnlySpan<byte> bytes, out int size)
    {
        size = 0;
        if (bytes.Length < HeadSize)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is < FixedSize or > Longest || bytes.Length - HeadSize < length)
            return null;
        var at = bytes.Slice(HeadSize, length);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[LengthSize..]) != XxHash64.HashToUInt64(at))
            return null;
        var state = (EffectState)at[0];
        var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(at[1..]);
        var rest = at[(9 + (2 * HashSize))..];
        int type = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
        var body = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
        if (
            state is not (EffectState.Sent or EffectState.Done or EffectState.Free)
            || milliseconds is < 0 or > 253_402_300_799_999
            || FixedSize + type + Math.Max(body, 0) != length
        )
            return null;
        size = HeadSize + length;
        var result =
            state != EffectState.Done
                ? null
                : new EffectResult(
                    BinaryPrimitives.ReadUInt16LittleEndian(rest),
                    Encoding.UTF8.GetString(rest.Slice(8, type)),
                    body < 0 ? null : rest.Slice(8 + type, body).ToArray()
                );
        return new EffectRecord(
            Convert.ToHexStringLower(at.Slice(9, HashSize)),
            Convert.ToHexStringLower(at.Slice(9 + HashSize, HashSize)),
            state,
            DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
            result
        );
    }
}
