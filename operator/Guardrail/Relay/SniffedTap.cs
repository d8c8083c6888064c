using System.Buffers;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Finds out by its first bytes what a model's answer is, whatever its content type says: JSON begins with a brace or a bracket, and what
/// begins with anything else is read as events. Then the tap for that kind takes over.
/// </summary>
/// <param name="body">Makes the tap of a JSON text.</param>
/// <param name="events">Makes the tap of server-sent events.</param>
/// <param name="asked">A stream was asked for.</param>
/// <param name="coding">How the answer is coded: see <see cref="ContentCoding.Of"/>. It is undone, so that it can be looked at.</param>
internal sealed class SniffedTap(Func<RelayTap> body, Func<RelayTap> events, bool asked, string? coding) : RelayTap
{
    // White space, and the mark of UTF-8, which may stand before anything. They say nothing, and go on at once: some providers send
    // white space so that the connection stays open.
    private static readonly SearchValues<byte> Lead = SearchValues.Create([
        (byte)' ',
        (byte)'\t',
        (byte)'\r',
        (byte)'\n',
        0xef,
        0xbb,
        0xbf,
    ]);

    private ReadOnlyMemory<byte> lead;
    private RelayTap? found;

    /// <inheritdoc/>
    public override bool IsStream => found?.IsStream ?? asked;

    /// <inheritdoc/>
    public override bool FlushesEach => true;

    /// <inheritdoc/>
    public override string? Undoes => coding;

    /// <inheritdoc/>
    public override string? Cut => found?.Cut;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => found?.CutTail ?? default;

    /// <inheritdoc/>
    public override bool EndsLong => found?.EndsLong ?? false;

    /// <inheritdoc/>
    public override bool IsComplete => found?.IsComplete ?? false;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        if (found is null)
        {
            var start = piece.Span.IndexOfAnyExcept(Lead);
            lead = start < 0 ? piece : piece[..start];
            if (start < 0)
                return;
            piece = piece[start..];
            found = piece.Span[0] is (byte)'{' or (byte)'[' ? body() : events();
        }
        found.Append(piece);
    }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        (bytes, lead) = (lead, default);
        return bytes.Length > 0 || found?.TryTake(out bytes) == true;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End() => found?.End() ?? default;

    /// <inheritdoc/>
    public override void Dispose()
    {
        found?.Dispose();
        base.Dispose();
    }
}
