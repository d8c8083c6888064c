namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>
/// The parser keeps an attribute in memory however long it is, and in an attribute there is no "&lt;": a long way from one to the
/// next is refused.
/// </summary>
internal sealed class BoundedTexts(Stream inner) : Stream
{
    private const int MaxText = 16 * 1024 * 1024;
    private long run;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        var after = buffer.AsSpan(offset, read).LastIndexOf((byte)'<');
        run = after < 0 ? run + read : read - after;
        if (run > MaxText)
            throw ResultsException.Unreadable($"a single text of more than {MaxText} bytes");
        return read;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
