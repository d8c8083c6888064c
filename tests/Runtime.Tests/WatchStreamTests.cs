using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime.Tests;

/// <summary>What a real API server does only once in a blue moon, from a server that does it on demand.</summary>
public sealed class WatchStreamTests : IAsyncLifetime
{
    private const string Added = """{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}}""";
    private WebApplication server = null!;
    private Func<HttpContext, Task> answer = _ => Task.CompletedTask;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        server.Run(context => answer(context));
        await server.StartAsync();
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task An_ordinary_close_after_events_or_before_any_is_a_close()
    {
        var names = new List<string>();
        answer = context =>
            WriteAsync(context, Added + "\n" + """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}""" + "\n");
        (
            await ReadAsync((kind, item) => names.Add($"{kind} {item.GetProperty("metadata").GetProperty("resourceVersion").GetString()}"))
        ).ShouldBe(WatchEndCause.Closed);
        names.ShouldBe(["Upsert 7", "Bookmark 9"]);

        answer = context => WriteAsync(context, "");
        (await ReadAsync()).ShouldBe(WatchEndCause.Closed);
    }

    [Fact]
    public async Task A_410_inside_the_stream_is_told()
    {
        answer = context =>
            WriteAsync(context, """{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}""" + "\n");
        (await ReadAsync()).ShouldBe(WatchEndCause.Expired);
    }

    [Theory]
    [InlineData("not json\n")]
    [InlineData("""{"type":"ADDED"}""" + "\n")]
    [InlineData("""{"type":"SURPRISE","object":{}}""" + "\n")]
    public async Task What_cannot_be_read_is_told_and_not_skipped(string body)
    {
        answer = context => WriteAsync(context, body);
        (await ReadAsync()).ShouldBe(WatchEndCause.Undecodable);
    }

    [Fact]
    public async Task A_projection_that_fails_is_told()
    {
        answer = context => WriteAsync(context, Added + "\n");
        (await ReadAsync((_, item) => item.GetProperty("spec"))).ShouldBe(WatchEndCause.Undecodable);
    }

    [Fact]
    public async Task A_silent_connection_is_given_up()
    {
        answer = async context =>
        {
            await context.Response.StartAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        (await ReadAsync(timeout: TimeSpan.FromSeconds(1))).ShouldBe(WatchEndCause.Silent);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_a_failure()
    {
        answer = async context =>
        {
            await context.Response.WriteAsync(Added + "\n");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        (await ReadAsync()).ShouldBe(WatchEndCause.Failed);
    }

    [Fact]
    public async Task Events_are_read_wherever_the_network_splits_them()
    {
        var names = new List<string>();
        answer = async context =>
        {
            foreach (var part in (Added + "\n" + Added + "\n").Chunk(5))
            {
                await context.Response.WriteAsync(new string(part));
                await context.Response.Body.FlushAsync();
            }
        };
        (await ReadAsync((_, item) => names.Add(item.GetProperty("metadata").GetProperty("name").GetString()!))).ShouldBe(
            WatchEndCause.Closed
        );
        names.ShouldBe(["a", "a"]);
    }

    private static Task WriteAsync(HttpContext context, string body) =>
        context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body)).AsTask();

    private async Task<WatchEndCause> ReadAsync(
        Action<WatchEventKind, System.Text.Json.JsonElement>? onEvent = null,
        TimeSpan? timeout = null
    )
    {
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = server.Urls.First() });
        var stream = new WatchStream(new KubernetesApi(client, "tests"), TimeProvider.System) { Grace = TimeSpan.FromMilliseconds(300) };
        var (cause, _) = await stream.ReadAsync(
            "/api/v1/things",
            null,
            "1",
            timeout ?? TimeSpan.FromMinutes(1),
            onEvent ?? ((_, _) => { }),
            CancellationToken.None
        );
        return cause;
    }
}
