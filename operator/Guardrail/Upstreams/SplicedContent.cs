using System.Net;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A body sent as it came, with a few bytes spliced in. Over HTTP/1.1 it can be sent once: a second sending could be billed twice.
/// </summary>
internal sealed class SplicedContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> body;
    private readonly List<Splice> splices;
    private readonly bool http2;
    private int sent;

    /// <param name="body">The original bytes; not changed, and not to be changed while this lives.</param>
    /// <param name="splices">Ascending by offset, not overlapping.</param>
    /// <param name="contentType">The original Content-Type; null where there is none.</param>
    /// <param name="http2">It may go over HTTP/2, whose servers say of a call that they have not begun it (RFC 9113, 8.7): that one is sent
    /// again.</param>
    public SplicedContent(ReadOnlyMemory<byte> body, List<Splice> splices, string? contentType, bool http2 = false)
    {
        this.body = body;
        this.splices = splices;
        this.http2 = http2;
        if (contentType is not null)
            Headers.TryAddWithoutValidation("Content-Type", contentType);
    }

    /// <summary>At least one byte of the request may have left.</summary>
    public bool Started => Volatile.Read(ref sent) > 0;

    /// <summary>The pieces in order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var at = 0;
        foreach (var splice in splices)
        {
            if (splice.Offset > at)
                yield return body[at..splice.Offset];
            yield return splice.Insert;
            at = splice.Offset + splice.Remove;
        }
        yield return body[at..];
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref sent) > 1 && !http2)
            throw new IOException("a model call is sent once");
        foreach (var piece in Pieces())
            await stream.WriteAsync(piece, cancellationToken);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        foreach (var splice in splices)
            length += splice.Insert.Length - splice.Remove;
        return true;
    }
}
