using System.Net;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>An answer's content that is read through another stream. Its headers are the same.</summary>
internal sealed class ChangedContent : HttpContent
{
    private readonly HttpContent inner;
    private readonly Func<Stream, Stream> change;

    /// <param name="inner">As the upstream sent it.</param>
    /// <param name="change">Puts a stream before that of <paramref name="inner"/>.</param>
    /// <param name="without">Headers that do not hold any more.</param>
    public ChangedContent(HttpContent inner, Func<Stream, Stream> change, params string[] without)
    {
        this.inner = inner;
        this.change = change;
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            if (!without.Contains(name, StringComparer.OrdinalIgnoreCase))
                Headers.TryAddWithoutValidation(name, values);
        }
    }

    /// <inheritdoc/>
    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        change(await inner.ReadAsStreamAsync(cancellationToken));

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await using var from = await CreateContentReadStreamAsync();
        await from.CopyToAsync(stream);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
