using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Runtime.Tests;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly WorkQueue<string> queue;

    public WorkQueueTests() => queue = new WorkQueue<string>("test", time);

    [Fact]
    public async Task A_key_that_waits_is_not_added_twice()
    {
        queue.Add("a");
        queue.Add("a");
        queue.Add("b");

        (await TakeAsync()).ShouldBe("a");
        (await TakeAsync()).ShouldBe("b");
        IsEmpty().ShouldBeTrue();
    }

    [Fact]
    public async Task A_key_at_work_comes_again_only_when_the_first_work_is_done()
    {
        queue.Add("a");
        (await TakeAsync()).ShouldBe("a");
        queue.Add("a");
        IsEmpty().ShouldBeTrue("two workers on one key");

        queue.Done("a");

        (await TakeAsync()).ShouldBe("a");
    }

    [Fact]
    public async Task A_delayed_key_comes_when_it_is_due_and_an_earlier_moment_wins()
    {
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(5));
        queue.AddAfter("a", TimeSpan.FromSeconds(20));
        time.Advance(TimeSpan.FromSeconds(4.9));
        IsEmpty().ShouldBeTrue();

        time.Advance(TimeSpan.FromSeconds(0.2));

        (await TakeAsync()).ShouldBe("a");
        queue.Done("a");
        time.Advance(TimeSpan.FromMinutes(1));
        IsEmpty().ShouldBeTrue("the later moments were the same look");
    }

    [Fact]
    public async Task Failures_come_back_later_and_later_and_are_never_dropped()
    {
        var waits = new List<TimeSpan>();
        for (var failure = 0; failure < 25; failure++)
        {
            queue.AddRateLimited("a");
            var began = time.GetUtcNow();
            while (IsEmpty())
                time.Advance(TimeSpan.FromMilliseconds(waits.Count < 10 ? 5 : 5000));
            waits.Add(time.GetUtcNow() - began);
            (await TakeAsync()).ShouldBe("a");
            queue.Done("a");
        }

        waits[0].ShouldBe(TimeSpan.FromMilliseconds(5));
        waits[4].ShouldBe(TimeSpan.FromMilliseconds(80));
        waits[^1].ShouldBe(TimeSpan.FromSeconds(1000));
        queue.Forget("a");
        queue.AddRateLimited("a");
        time.Advance(TimeSpan.FromMilliseconds(5));
        (await TakeAsync()).ShouldBe("a");
    }

    [Fact]
    public async Task Adding_now_takes_the_planned_look_along()
    {
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.Add("a");
        (await TakeAsync()).ShouldBe("a");
        queue.Done("a");

        time.Advance(TimeSpan.FromSeconds(11));

        IsEmpty().ShouldBeTrue();
    }

    public void Dispose() => queue.Dispose();

    private async Task<string> TakeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return await queue.TakeAsync(limit.Token);
    }

    // The queue has no way to look without taking, as its users have no need of one: a key that can be had is taken and given back.
    private bool IsEmpty()
    {
        using var now = new CancellationTokenSource();
        var take = queue.TakeAsync(now.Token);
        if (take.IsCompletedSuccessfully)
        {
            var key = take.Result;
            queue.Add(key);
            queue.Done(key);
            return false;
        }
        now.Cancel();
        return true;
    }
}
