using AgentReadiness.Guardrail.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Places for calls at the same time: who waits first goes first, and who leaves the queue takes no place.</summary>
public sealed class CallSlotsTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);
    private readonly FakeTimeProvider time = new();
    private readonly CallSlots slots = new();

    [Fact]
    public async Task Who_came_first_goes_first_and_nobody_overtakes()
    {
        slots.TryEnter(2).ShouldBeTrue();
        slots.TryEnter(2).ShouldBeTrue();
        slots.TryEnter(2).ShouldBeFalse("both are taken");
        var (first, second) = (Enter(2), Enter(2));
        (await Enter(2)).ShouldBeFalse("the queue is as long as there are places");
        slots.TryEnter(2).ShouldBeFalse();

        slots.Leave(2);
        (await first).ShouldBeTrue();
        second.IsCompleted.ShouldBeFalse();
        slots.TryEnter(2).ShouldBeFalse("one waits before it");
        slots.Leave(2);
        (await second).ShouldBeTrue();
        slots.Counts.ShouldBe((2, 0));
    }

    [Fact]
    public async Task Who_waited_too_long_or_hung_up_leaves_the_queue()
    {
        slots.TryEnter(3).ShouldBeTrue();
        slots.TryEnter(3).ShouldBeTrue();
        slots.TryEnter(3).ShouldBeTrue();
        using var hangUp = new CancellationTokenSource();
        var (gone, late, patient) = (Enter(3, hangUp.Token), Enter(3), Enter(3));
        await hangUp.CancelAsync();
        (await gone).ShouldBeFalse();
        slots.Counts.ShouldBe((3, 2));
        slots.Leave(3);
        (await late).ShouldBeTrue("the place goes to the next one, not to the one that hung up");
        time.Advance(Wait);
        (await patient).ShouldBeFalse();
        slots.Counts.ShouldBe((3, 0));
    }

    [Fact]
    public async Task Fewer_places_after_a_reload_let_none_in_until_enough_have_left()
    {
        slots.TryEnter(1).ShouldBeTrue();
        slots.TryEnter(2).ShouldBeTrue();
        var next = Enter(2);
        slots.Leave(1);
        next.IsCompleted.ShouldBeFalse("one is still there, and there is one place now");
        slots.Leave(1);
        (await next).ShouldBeTrue();
        slots.Counts.ShouldBe((1, 0));
    }

    private Task<bool> Enter(int most, CancellationToken leaving = default) => slots.EnterAsync(most, Wait, time, leaving).AsTask();
}
