namespace AgentReadiness.Runtime.Tests;

public sealed class ReadinessTests
{
    [Fact]
    public async Task It_is_red_until_the_last_cache_had_its_first_list_and_tells_those_who_wait()
    {
        ObjectCache<string>[] caches = [Cache("pods"), Cache("jobs")];
        var readiness = new OperatorReadiness(caches);
        var waiting = readiness.WaitAsync(CancellationToken.None);
        caches[0].Replace([]);
        readiness.IsReady.ShouldBeFalse();
        readiness.Missing.ShouldBe(["jobs"]);
        waiting.IsCompleted.ShouldBeFalse();

        caches[1].Replace([]);

        readiness.IsReady.ShouldBeTrue();
        await waiting.SoonAsync();
    }

    [Fact]
    public async Task Who_waits_can_leave()
    {
        using var stop = new CancellationTokenSource();
        var waiting = new OperatorReadiness([Cache("pods")]).WaitAsync(stop.Token);

        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(waiting.SoonAsync());
    }

    private static ObjectCache<string> Cache(string plural) => new(new ResourceType("", "v1", plural, "Thing"), null, _ => "");
}
