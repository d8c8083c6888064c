using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.Runtime.Tests;

/// <summary>Nobody asks faster than agreed, except for the Lease; and a server that is out of breath is left alone.</summary>
public sealed class RequestPacingTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "leases", "Lease");
    private readonly ToldTime time = new();
    private readonly FakeServer server = new(_ => FakeServer.Ok());

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task After_the_burst_requests_go_at_the_agreed_rate_and_Leases_at_once()
    {
        var api = server.Api(time, new RequestPacing { Burst = 2, RequestsPerSecond = 2 });
        await GetAsync(api).SoonAsync();
        await GetAsync(api).SoonAsync();
        (await time.WaitAsync(), await time.WaitAsync()).ShouldBe((Limit, Limit));

        var third = GetAsync(api);
        var fourth = GetAsync(api);
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(0.5));
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(1));
        await api.GetAsync(Leases, "ns", "lease", CancellationToken.None).SoonAsync();
        server.Asked.Count.ShouldBe(3, "the bucket is empty and only the Lease went");

        time.Advance(TimeSpan.FromSeconds(0.5));
        await third.SoonAsync();
        fourth.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.5));
        await fourth.SoonAsync();
    }

    [Fact]
    public async Task Who_waits_for_a_turn_can_leave_and_takes_nothing_along()
    {
        using var stop = new CancellationTokenSource();
        var api = server.Api(time, new RequestPacing { Burst = 1, RequestsPerSecond = 1 });
        await GetAsync(api).SoonAsync();
        await time.WaitAsync();
        var impatient = GetAsync(api, stop.Token);
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(1));

        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(impatient.SoonAsync());
        var next = GetAsync(api);
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(1), "the turn was given back");
        time.Advance(TimeSpan.FromSeconds(1));
        await next.SoonAsync();
        server.Asked.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_wait_for_a_turn_is_not_counted_as_the_requests_own_time()
    {
        var api = server.Api(time, new RequestPacing { Burst = 1, RequestsPerSecond = 0.01 });
        await GetAsync(api).SoonAsync();
        await time.WaitAsync();
        var next = GetAsync(api);
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(100));

        time.Advance(TimeSpan.FromSeconds(100));

        await next.SoonAsync();
    }

    [Fact]
    public async Task A_watch_that_is_told_to_wait_says_so()
    {
        var api = new FakeServer(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, "11")).Api(time);

        var end = await new WatchStream(api, time).ReadAsync(
            "/watched",
            null,
            "1",
            TimeSpan.FromMinutes(5),
            (_, _) => { },
            CancellationToken.None
        );

        (end.Cause, end.RetryAfter).ShouldBe((WatchEndCause.Throttled, TimeSpan.FromSeconds(11)));
    }

    [Fact]
    public async Task A_reflector_honours_it_for_lists_and_for_watches_and_goes_on_where_it_was()
    {
        var answers = new Queue<HttpResponseMessage>([
            FakeServer.Error(HttpStatusCode.TooManyRequests, "13"),
            FakeServer.Ok("""{"metadata":{"resourceVersion":"5"},"items":[]}"""),
            .. Enumerable.Range(0, 5).Select(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, "17")),
        ]);
        var fake = new FakeServer(_ => answers.Dequeue());
        var cache = new ObjectCache<string>(Objects.Things, null, _ => "");
        var page = TimeSpan.FromSeconds(60);
        using var reflector = new Reflector(cache, fake.Api(time), time, NullLogger<Reflector>.Instance) { LongestPage = page };
        await reflector.StartAsync(CancellationToken.None);

        (await WaitButAsync(page)).ShouldBe(TimeSpan.FromSeconds(13));
        cache.IsSynced.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(13));
        for (var watch = 1; watch <= 4; watch++)
        {
            (await WaitButAsync(page)).ShouldBe(TimeSpan.FromSeconds(17));
            fake.Asked.Count.ShouldBe(2 + watch);
            fake.Asked[^1].ShouldContain("watch=1&", customMessage: "a list would cost the server more");
            time.Advance(TimeSpan.FromSeconds(17));
        }
        await reflector.StopAsync(CancellationToken.None).SoonAsync();
    }

    // The reflector's pauses, without the limits of pages and of watches, which last minutes.
    private async Task<TimeSpan> WaitButAsync(TimeSpan page)
    {
        while (true)
        {
            var wait = await time.WaitAsync();
            if (wait < page)
                return wait;
        }
    }

    private static Task GetAsync(KubernetesApi api, CancellationToken cancellationToken = default) =>
        api.GetAsync(Objects.Things, "ns", "a", cancellationToken);
}
