namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Watches an answer on its way to the agent: it is given each piece as it arrives, and hands out what goes on. A tap holds what it needs
/// and no more; what it was given is valid until the next piece.
/// </summary>
internal abstract class RelayTap : IDisposable
{
    /// <summary>The answer is a stream: each piece goes on at once, and its headers before the first one.</summary>
    public virtual bool IsStream => false;

    /// <summary>
    /// The coding that is undone before the tap sees the answer, and which the agent then does not see either; null: none.
    /// </summary>
    public virtual string? Undoes => null;

    /// <summary>It may put bytes in, so the length that the upstream tells does not hold.</summary>
    public virtual bool MayChange => false;

    /// <summary>The headers wait for the first bytes that go on, as what is found in the body decides on one of them.</summary>
    public virtual bool HoldsHeaders => false;

    /// <summary>A copy of the whole answer as it went on; null where none is kept, or the answer has not ended.</summary>
    public virtual ReadOnlyMemory<byte>? Copy => null;

    /// <summary>What was written is sent at once, also where the answer is no stream.</summary>
    public virtual bool FlushesEach => IsStream;

    /// <summary>An answer of up to this many bytes, whose length is known, is read whole before it goes on; 0: never.</summary>
    public virtual int MostWhole => 0;

    /// <summary>Why the answer is cut, where it is.</summary>
    public virtual string? Cut => null;

    /// <summary>What ends an answer that is cut; only asked where <see cref="Cut"/> says why.</summary>
    public virtual ReadOnlyMemory<byte> CutTail => default;

    /// <summary>A short answer, whole.</summary>
    public virtual void Whole(ReadOnlyMemory<byte> answer) { }

    /// <summary>A piece has arrived; then <see cref="TryTake"/> is called until it is false.</summary>
    public abstract void Append(ReadOnlyMemory<byte> piece);

    /// <summary>The next bytes that go on; empty ones are left out.</summary>
    public abstract bool TryTake(out ReadOnlyMemory<byte> bytes);

    /// <summary>The answer has ended as it should. Hands out what is left of it.</summary>
    public virtual ReadOnlyMemory<byte> End() => default;

    /// <summary>What <see cref="End"/> has to read is long enough to be worth a change of thread.</summary>
    public virtual bool EndsLong => false;

    /// <summary>Whether all that matters has come, although the answer broke off.</summary>
    public virtual bool IsComplete => false;

    /// <summary>Gives back what it holds.</summary>
    public virtual void Dispose() { }
}
