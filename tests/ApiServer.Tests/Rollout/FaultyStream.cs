namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>The body of a watch, on which a fault can be put while it is read.</summary>
internal sealed class FaultyStream(Stream inner, Action<FaultyStream> closed, CancellationToken dead) : Stream
{
    private static int cuts;
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isCut;
    private bool endsWell;

    public WatchFault Fault { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (isCut)
            return endsWell ? 0 : throw new IOException("connection reset by peer");
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, dead);
        try
        {
            var count = await ReadInnerAsync(buffer, life.Token);
            if (Fault == WatchFault.Silence)
            {
                await broken.Task.WaitAsync(life.Token);
                throw new IOException("connection reset by peer");
            }
            if (Fault != WatchFault.CutMidLine || count < 2)
                return count;
            isCut = true;
            endsWell = Interlocked.Increment(ref cuts) % 2 == 0;
            return count / 2;
        }
        catch (OperationCanceledException) when (dead.IsCancellationRequested)
        {
            throw new IOException("connection reset by peer");
        }
    }

    /// <summary>Ends the silence: the connection turns out to be dead.</summary>
    public void Break() => broken.TrySetResult();

    private async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception exception) when (Fault == WatchFault.Silence && exception is IOException or HttpRequestException)
        {
            // Who is behind a silent connection does not learn that the other end is gone.
            return 0;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("watches are read asynchronously");

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            closed(this);
            inner.Dispose();
        }
        base.Dispose(disposing);
    }
}
