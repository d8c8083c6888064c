using System.Text;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Passes each server-sent event of a model's answer on once it is complete, reads usage from it, and cuts the answer where the provider
/// writes on after its limit.
/// </summary>
/// <param name="facts">Takes what the answer says.</param>
/// <param name="filter">Cuts the answer into events.</param>
/// <param name="mostOutput">The most output tokens of all choices.</param>
/// <param name="tail">What ends an answer that is cut.</param>
/// <remarks>
/// Where the watcher of the filter refuses the answer, its error goes out as the last event, and the rest is read for its usage alone.
/// </remarks>
internal sealed class UsageEventsTap(ResponseFacts facts, SseUsageFilter filter, long mostOutput, Func<string> tail) : RelayTap
{
    private const int BytesPerToken = 4;

    private bool isRefused;

    /// <inheritdoc/>
    public override bool IsStream => true;

    // An event is a token at least, and a token some four bytes: what passes both counts is more than the provider was allowed to write.
    private bool IsOver =>
        facts.Usage?.Output > mostOutput || (facts.ContentEvents > mostOutput && facts.ContentBytes / BytesPerToken > mostOutput);

    /// <inheritdoc/>
    public override string? Cut => IsOver ? $"the provider wrote on after its limit of {mostOutput} output tokens" : null;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => isRefused ? default : Encoding.UTF8.GetBytes(tail());

    /// <inheritdoc/>
    public override bool IsComplete => facts.IsFinal;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece) => filter.Append(piece.Span);

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        if (!filter.TryTake(out bytes, out var show))
            return false;
        // Whoever says that it is done has said all: what becomes of the connection afterwards changes nothing.
        if (filter.Done)
            facts.Done();
        if (!show)
            bytes = default;
        Refuse(ref bytes);
        return true;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        var hasRest = filter.TryTakeRest(out var rest, out var show);
        if (!filter.Overflowed)
            facts.End();
        filter.Watch?.End();
        rest = hasRest && show ? rest : default;
        Refuse(ref rest);
        return rest;
    }

    private void Refuse(ref ReadOnlyMemory<byte> bytes)
    {
        if (isRefused)
            bytes = default;
        else if (filter.Watch?.Refusal is { } refusal)
            (isRefused, bytes) = (true, Encoding.UTF8.GetBytes(refusal));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        filter.Dispose();
        base.Dispose();
    }
}
