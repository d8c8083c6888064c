using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace AgentReadiness.Runtime.Tests;

public sealed class RuntimeMetricsTests
{
    private readonly ToldTime time = new();
    private readonly string unique = $"m{Guid.NewGuid():N}";

    [Fact]
    public async Task Requests_are_counted_and_measured_by_verb_and_server_and_never_by_object()
    {
        var answers = new Queue<Func<HttpResponseMessage>>([
            () => FakeServer.Ok(),
            () => FakeServer.Error(HttpStatusCode.TooManyRequests, "1"),
            () => throw new HttpRequestException("broken"),
            () => FakeServer.Ok(),
        ]);
        var api = new FakeServer(_ => answers.Dequeue()()).Api(time, host: unique);
        await api.GetAsync(Objects.Things, "ns", "secret-name", CancellationToken.None).SoonAsync();
        var second = api.GetAsync(Objects.Things, "ns", "secret-name", CancellationToken.None);
        await time.PassAsync(second, TimeSpan.FromSeconds(30));
        await second.SoonAsync();

        var text = await ExportAsync();

        text.ShouldContain($$"""rest_client_requests_total{code="200",method="GET",host="{{unique}}"} 2""");
        text.ShouldContain($$"""rest_client_requests_total{code="429",method="GET",host="{{unique}}"} 1""");
        text.ShouldContain($$"""rest_client_requests_total{code="<error>",method="GET",host="{{unique}}"} 1""");
        text.ShouldContain($$"""rest_client_request_retries_total{code="429",verb="GET",host="{{unique}}"} 1""");
        text.ShouldContain($$"""rest_client_request_duration_seconds_count{verb="GET",host="{{unique}}"} 4""");
        text.ShouldNotContain("secret-name");
    }

    [Fact]
    public async Task Whether_it_leads_is_told_before_during_and_after()
    {
        var lease = $$$"""{"metadata":{"name":"{{{unique}}}","resourceVersion":"1"},"spec":{"holderIdentity":"somebody"}}""";
        var taken = new FakeServer(_ => FakeServer.Ok(lease)).Api(time);
        var free = new FakeServer(request =>
            request.Method == HttpMethod.Get ? FakeServer.Error(HttpStatusCode.NotFound) : FakeServer.Ok()
        ).Api(time);
        using var stop = new CancellationTokenSource();

        var waiting = Elector(taken).RunAsync((_, _) => Task.CompletedTask, stop.Token);
        await time.WaitAsync();
        (await ExportAsync()).ShouldContain($$"""leader_election_master_status{name="{{unique}}"} 0""");
        await stop.CancelAsync();
        await waiting.SoonAsync();

        var during = "";
        await Elector(free).RunAsync(async (_, _) => during = await ExportAsync(), CancellationToken.None);
        during.ShouldContain($$"""leader_election_master_status{name="{{unique}}"} 1""");
        (await ExportAsync()).ShouldContain($$"""leader_election_master_status{name="{{unique}}"} 0""");
    }

    private LeaderElector Elector(KubernetesApi api) =>
        new(
            api,
            new LeaderElectionOptions
            {
                Namespace = "ns",
                Name = unique,
                Identity = "me",
            },
            time,
            NullLogger<LeaderElector>.Instance
        );

    private static async Task<string> ExportAsync()
    {
        using var text = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }
}
