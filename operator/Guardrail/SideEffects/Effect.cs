namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// A call with side effects that may be sent, once. How it ended is said once; where nobody says it, it was not done as long as nothing was
/// sent, and otherwise nobody knows.
/// </summary>
internal sealed class Effect(EffectStore store, EffectKey key) : IDisposable
{
    private Func<bool>? hasLeft;
    private bool over;

    /// <summary>Its key.</summary>
    public EffectKey Key => key;

    /// <summary>How it ended is said.</summary>
    public bool IsOver => over;

    /// <summary>A byte of it may have left.</summary>
    public bool HasLeft => hasLeft?.Invoke() == true;

    /// <summary>It is sent now.</summary>
    /// <param name="left">Whether a byte of it may have left.</param>
    public void Send(Func<bool> left) => hasLeft = left;

    /// <summary>The tool did it.</summary>
    public void Did(EffectResult result)
    {
        if (!over)
            store.End(key, EffectState.Done, result);
        over = true;
    }

    /// <summary>It was certainly not done.</summary>
    public void DidNot()
    {
        if (!over)
            store.End(key, EffectState.Free, null);
        over = true;
    }

    /// <summary>Nobody knows whether it was done.</summary>
    public void Lose()
    {
        if (!over)
            store.End(key, EffectState.Sent, null);
        over = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (HasLeft)
            Lose();
        else
            DidNot();
    }
}
