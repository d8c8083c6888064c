using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// The calls that wait for money, the oldest first. Not thread-safe: <see cref="GrantClient"/> uses it under its lock.
/// </summary>
internal sealed class WaitingCalls(GrantAccount account)
{
    private readonly LinkedList<WaitingCall> calls = new();

    /// <summary>How many wait.</summary>
    public int Count => calls.Count;

    /// <summary>The oldest, or null.</summary>
    public WaitingCall? First => calls.First?.Value;

    /// <summary>What all but the oldest wait for.</summary>
    public Amount BehindFirst => Amount.Sum(calls.Skip(1).Select(call => call.Amount));

    /// <summary>Adds a call at the end.</summary>
    public LinkedListNode<WaitingCall> Add(Amount amount, DateTimeOffset now) => calls.AddLast(new WaitingCall(amount, now));

    /// <summary>Lets those go for which there is money now, in their order.</summary>
    public void ServeFitting(DateTimeOffset now)
    {
        var node = calls.First;
        while (node is not null)
        {
            var next = node.Next;
            if (account.TryReserve(node.Value.Amount, now) is { } reservation)
            {
                calls.Remove(node);
                node.Value.Result.TrySetResult(new(reservation, GrantRefusal.None));
            }
            node = next;
        }
    }

    /// <summary>
    /// Refuses the call that was asked for, and each that needs as much, because the operator would answer the same for them.
    /// </summary>
    public void RefuseFrom(Amount call, DateTimeOffset now)
    {
        ServeFitting(now);
        var node = calls.First;
        while (node is not null)
        {
            var next = node.Next;
            if (call.FitsIn(node.Value.Amount))
                Refuse(node, GrantRefusal.Exhausted);
            node = next;
        }
    }

    /// <summary>Refuses one.</summary>
    public void Refuse(LinkedListNode<WaitingCall> node, GrantRefusal why)
    {
        calls.Remove(node);
        node.Value.Result.TrySetResult(new(null, why));
    }

    /// <summary>Refuses all.</summary>
    public void RefuseAll(GrantRefusal why)
    {
        foreach (var call in calls)
            call.Result.TrySetResult(new(null, why));
        calls.Clear();
    }
}
