using AgentReadiness.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>A cache stays equal to the server through whatever ends a watch.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class ReflectorTests(ControlPlane plane) : IAsyncDisposable
{
    private static readonly ResourceType ConfigMaps = new(string.Empty, "v1", "configmaps", "ConfigMap");
    private readonly ObjectCache<string> cache = new(
        ConfigMaps,
        "test=reflector",
        item => item.GetProperty("data").GetProperty("value").GetString()!
    );
    private Reflector? reflector;

    [Fact]
    public async Task It_sees_what_is_made_changed_and_deleted()
    {
        var ns = await plane.NamespaceAsync();
        await SetAsync(ns, "early", "1");
        await StartAsync();
        await UntilAsync(() => cache.Get(new NamespacedName(ns, "early"))?.View == "1");

        await SetAsync(ns, "early", "2");
        await SetAsync(ns, "late", "1");
        await UntilAsync(() =>
            cache.Get(new NamespacedName(ns, "early"))?.View == "2" && cache.Get(new NamespacedName(ns, "late"))?.View == "1"
        );

        await plane.Api.DeleteAsync(ConfigMaps, ns, "early", null, CancellationToken.None);
        await UntilAsync(() => cache.Get(new NamespacedName(ns, "early")) is null);
    }

    [Fact]
    public async Task It_goes_on_after_the_server_closes_the_watch_again_and_again()
    {
        var ns = await plane.NamespaceAsync();
        await StartAsync(TimeSpan.FromSeconds(1));
        for (var round = 0; round < 4; round++)
        {
            await SetAsync(ns, "object", $"{round}");
            var wanted = $"{round}";
            await UntilAsync(() => cache.Get(new NamespacedName(ns, "object"))?.View == wanted);
            // Longer than the watch: the next change comes over another connection.
            await Task.Delay(TimeSpan.FromSeconds(1.5));
        }
    }

    [Fact]
    public async Task It_learns_of_what_happened_while_the_server_was_down_and_its_history_compacted()
    {
        var ns = await plane.NamespaceAsync();
        await SetAsync(ns, "stays", "old");
        await SetAsync(ns, "goes", "old");
        await StartAsync();
        await UntilAsync(() => cache.Get(new NamespacedName(ns, "goes")) is not null);
        var deletions = new List<NamespacedName>();
        cache.Changed += (before, after) =>
        {
            if (after is null)
                deletions.Add(before!.Key);
        };

        await reflector!.StopAsync(CancellationToken.None);
        reflector.Dispose();
        await SetAsync(ns, "stays", "new");
        await plane.Api.DeleteAsync(ConfigMaps, ns, "goes", null, CancellationToken.None);
        await plane.CompactAsync();
        await plane.RestartApiServerAsync();
        await StartAsync();

        await UntilAsync(() =>
            cache.Get(new NamespacedName(ns, "stays"))?.View == "new" && cache.Get(new NamespacedName(ns, "goes")) is null
        );
        deletions.ShouldContain(new NamespacedName(ns, "goes"), "a deletion nobody saw is told all the same");
    }

    [Fact]
    public async Task It_survives_an_API_server_that_is_killed_under_it()
    {
        var ns = await plane.NamespaceAsync();
        await StartAsync();
        await SetAsync(ns, "object", "before");
        await UntilAsync(() => cache.Get(new NamespacedName(ns, "object"))?.View == "before");

        await plane.RestartApiServerAsync();
        await SetAsync(ns, "object", "after");

        await UntilAsync(() => cache.Get(new NamespacedName(ns, "object"))?.View == "after");
    }

    [Fact]
    public async Task A_watch_from_a_version_that_is_forgotten_ends_as_expired()
    {
        var ns = await plane.NamespaceAsync();
        await SetAsync(ns, "object", "1");
        await SetAsync(ns, "object", "2");
        await plane.CompactAsync();
        await plane.RestartApiServerAsync();

        var (cause, _) = await new WatchStream(plane.Api, TimeProvider.System).ReadAsync(
            ConfigMaps.Path(ns),
            null,
            "1",
            TimeSpan.FromSeconds(5),
            (_, _) => { },
            CancellationToken.None
        );

        cause.ShouldBe(WatchEndCause.Expired);
    }

    public async ValueTask DisposeAsync()
    {
        if (reflector is null)
            return;
        await reflector.StopAsync(CancellationToken.None);
        reflector.Dispose();
    }

    private async Task StartAsync(TimeSpan? shortest = null)
    {
        reflector = new Reflector(
            cache,
            new KubernetesApi(plane.CreateClient(), "reflector"),
            TimeProvider.System,
            NullLogger<Reflector>.Instance
        )
        {
            ShortestWatch = shortest ?? TimeSpan.FromMinutes(5),
        };
        await reflector.StartAsync(CancellationToken.None);
        await UntilAsync(() => cache.IsSynced);
    }

    private Task SetAsync(string ns, string name, string value) =>
        plane.Api.ApplyAsync(
            ConfigMaps,
            ns,
            name,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["namespace"] = ns,
                    ["labels"] = new JsonObject { ["test"] = "reflector" },
                },
                ["data"] = new JsonObject { ["value"] = value },
            },
            CancellationToken.None
        );

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var ticker = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!isSo())
            await ticker.WaitForNextTickAsync(limit.Token);
    }
}
