using System.Net;

namespace AgentReadiness.Runtime.Tests;

/// <summary>Which requests are sent again, when, and how often.</summary>
public sealed class RequestRetryTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ToldTime time = new();

    [Theory]
    [InlineData("create", 429)]
    [InlineData("create", 503)]
    [InlineData("replace", 429)]
    [InlineData("apply", 500)]
    [InlineData("patch", 429)]
    [InlineData("delete", 504)]
    [InlineData("get", 429)]
    public async Task A_server_that_says_when_is_asked_again_then_and_not_earlier(string verb, int status)
    {
        var server = FirstThenOk(() => FakeServer.Error((HttpStatusCode)status, "7"));
        var request = RunAsync(server.Api(time), verb);
        (await time.WaitAsync()).ShouldBe(Limit);
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(7));
        time.Advance(TimeSpan.FromSeconds(6.9));
        server.Asked.Count.ShouldBe(1);

        time.Advance(TimeSpan.FromSeconds(0.1));

        await request.SoonAsync();
        server.Asked.Count.ShouldBe(2);
    }

    [Fact]
    public async Task It_may_say_when_as_a_date()
    {
        var date = (time.GetUtcNow() + TimeSpan.FromSeconds(9)).ToString("R", CultureInfo.InvariantCulture);
        var request = RunAsync(FirstThenOk(() => FakeServer.Error(HttpStatusCode.TooManyRequests, date)).Api(time), "create");

        (await time.PassAsync(request, Limit)).ShouldBe([TimeSpan.FromSeconds(9)]);
    }

    [Theory]
    [InlineData("2147483647", 300)]
    [InlineData("-5", null)]
    [InlineData("soon", null)]
    public async Task A_wrong_header_puts_nobody_to_sleep(string header, int? seconds)
    {
        var api = new FakeServer(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, header)).Api(time);

        var error = await Should.ThrowAsync<KubernetesApiException>(RunAsync(api, "create").SoonAsync());

        error.RetryAfter?.TotalSeconds.ShouldBe(seconds!.Value);
        (error.RetryAfter is null).ShouldBe(seconds is null);
    }

    [Fact]
    public async Task A_delay_of_nothing_is_no_licence_to_hammer()
    {
        var request = RunAsync(FirstThenOk(() => FakeServer.Error(HttpStatusCode.TooManyRequests, "0")).Api(time), "get");

        (await time.PassAsync(request, Limit)).Single().ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task Ten_tries_are_enough()
    {
        var server = new FakeServer(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, "1"));
        var request = RunAsync(server.Api(time), "create");
        await time.PassAsync(request, Limit);

        var error = await Should.ThrowAsync<KubernetesApiException>(request);

        error.RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
        error.IsThrottled.ShouldBeTrue();
        server.Asked.Count.ShouldBe(10);
    }

    [Fact]
    public async Task A_pause_that_is_longer_than_the_request_may_take_is_the_callers()
    {
        var server = new FakeServer(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, "30"));

        var error = await Should.ThrowAsync<KubernetesApiException>(RunAsync(server.Api(time), "get").SoonAsync());

        error.RetryAfter.ShouldBe(TimeSpan.FromSeconds(30));
        server.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("replace")]
    [InlineData("apply")]
    [InlineData("patch")]
    [InlineData("delete")]
    public async Task What_may_be_done_twice_is_sent_again_with_growing_pauses(string verb)
    {
        var failures = new Queue<Func<HttpResponseMessage>>([
            () => FakeServer.Error(HttpStatusCode.InternalServerError),
            () => throw new HttpRequestException("broken"),
            () => FakeServer.Error(HttpStatusCode.BadGateway),
            () => FakeServer.Error(HttpStatusCode.GatewayTimeout),
            () => FakeServer.Error(HttpStatusCode.ServiceUnavailable),
        ]);
        var server = new FakeServer(_ => failures.Dequeue()());
        var request = RunAsync(server.Api(time), verb);
        var pauses = await time.PassAsync(request, Limit);

        (await Should.ThrowAsync<KubernetesApiException>(request)).StatusCode.ShouldBe(
            HttpStatusCode.ServiceUnavailable,
            "the fifth try was the last"
        );

        pauses.Count.ShouldBe(4);
        for (var pause = 0; pause < pauses.Count; pause++)
            pauses[pause].TotalMilliseconds.ShouldBeInRange(50 * Math.Pow(2, pause), 150 * Math.Pow(2, pause));
    }

    [Theory]
    [InlineData("create")]
    [InlineData("blind replace")]
    [InlineData("json patch")]
    public async Task What_may_have_been_done_and_must_not_be_done_twice_is_not_sent_again(string verb)
    {
        var server = new FakeServer(_ => FakeServer.Error(HttpStatusCode.InternalServerError));
        await Should.ThrowAsync<KubernetesApiException>(RunAsync(server.Api(time), verb).SoonAsync());
        server.Asked.Count.ShouldBe(1);

        server = new FakeServer(_ => throw new HttpRequestException("broken"));
        await Should.ThrowAsync<HttpRequestException>(RunAsync(server.Api(time), verb).SoonAsync());
        server.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(409)]
    [InlineData(422)]
    public async Task A_refusal_is_an_answer(int status)
    {
        var server = new FakeServer(_ => FakeServer.Error((HttpStatusCode)status, "1"));

        (await Should.ThrowAsync<KubernetesApiException>(RunAsync(server.Api(time), "apply").SoonAsync())).RetryAfter.ShouldBeNull();

        server.Asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Cancellation_wins_at_once()
    {
        using var stop = new CancellationTokenSource();
        var request = RunAsync(new FakeServer(_ => FakeServer.Error(HttpStatusCode.TooManyRequests, "20")).Api(time), "get", stop.Token);
        await time.WaitAsync();
        (await time.WaitAsync()).ShouldBe(TimeSpan.FromSeconds(20));

        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(request.SoonAsync());
    }

    private static FakeServer FirstThenOk(Func<HttpResponseMessage> first)
    {
        var count = 0;
        return new FakeServer(_ => Interlocked.Increment(ref count) == 1 ? first() : FakeServer.Ok());
    }

    private static Task RunAsync(KubernetesApi api, string verb, CancellationToken cancellationToken = default) =>
        verb switch
        {
            "get" => api.GetAsync(Objects.Things, "ns", "a", cancellationToken),
            "create" => api.CreateAsync(Objects.Things, "ns", Objects.Thing("a", "1"), cancellationToken),
            "replace" => api.ReplaceAsync(Objects.Things, "ns", "a", Objects.Thing("a", "1"), cancellationToken),
            "blind replace" => api.ReplaceAsync(
                Objects.Things,
                "ns",
                "a",
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a" } },
                cancellationToken
            ),
            "apply" => api.ApplyAsync(Objects.Things, "ns", "a", [], cancellationToken),
            "patch" => api.MergePatchAsync(Objects.Things, "ns", "a", "status", [], cancellationToken),
            "delete" => api.DeleteAsync(Objects.Things, "ns", "a", null, cancellationToken),
            "json patch" => api.SendAsync(
                HttpMethod.Patch,
                Objects.Things.Path("ns", "a"),
                new JsonArray(),
                "application/json-patch+json",
                cancellationToken
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(verb)),
        };
}
