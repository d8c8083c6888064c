using AgentReadiness.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>Leader election against a real Lease: one at a time, and nobody waits longer than it must.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class LeaderElectorTests(ControlPlane plane)
{
    private static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "leases", "Lease");

    [Fact]
    public async Task A_leader_that_stops_gives_the_Lease_back_and_the_next_leads_at_once()
    {
        var ns = await plane.NamespaceAsync();
        using var first = new Candidate(plane, ns, "first", TimeSpan.FromMinutes(5));
        await first.Led.Task.WaitAsync(TimeSpan.FromSeconds(20));
        using var second = new Candidate(plane, ns, "second", TimeSpan.FromMinutes(5));

        await first.StopAsync();

        (await first.Ended).ShouldBeTrue();
        await second.Led.Task.WaitAsync(TimeSpan.FromSeconds(20));
        (await HolderAsync(ns)).ShouldBe("second");
        await second.StopAsync();
        (await HolderAsync(ns)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_Lease_that_somebody_made_empty_is_taken()
    {
        var ns = await plane.NamespaceAsync();
        await plane.Api.CreateAsync(
            Leases,
            ns,
            new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["name"] = "test", ["namespace"] = ns },
            },
            CancellationToken.None
        );

        using var candidate = new Candidate(plane, ns, "first", TimeSpan.FromMinutes(5));

        await candidate.Led.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await candidate.StopAsync();
    }

    [Fact]
    public async Task A_leader_that_stops_renews_until_its_work_has_ended()
    {
        var ns = await plane.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var ends = new TaskCompletionSource();
        var led = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isLost = true;
        var elector = new LeaderElector(
            new KubernetesApi(plane.CreateClient(), "first"),
            new LeaderElectionOptions
            {
                Namespace = ns,
                Name = "test",
                Identity = "first",
                RetryPeriod = TimeSpan.FromMilliseconds(200),
            },
            TimeProvider.System,
            NullLogger<LeaderElector>.Instance
        );
        var ended = elector.RunAsync(
            async (stopping, lost) =>
            {
                led.SetResult();
                await ends.Task;
                isLost = lost.IsCancellationRequested;
                stopping.IsCancellationRequested.ShouldBeTrue();
            },
            stop.Token
        );
        await led.Task.WaitAsync(TimeSpan.FromSeconds(20));

        await stop.CancelAsync();
        var seen = await RenewedAsync(ns);
        for (var renewal = 0; renewal < 3; renewal++)
        {
            var last = seen;
            using var ticker = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while ((seen = await RenewedAsync(ns)) == last)
                await ticker.WaitForNextTickAsync(limit.Token);
        }
        (await HolderAsync(ns)).ShouldBe("first");
        ends.SetResult();

        (await ended.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue();
        isLost.ShouldBeFalse();
        (await HolderAsync(ns)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_leader_whose_Lease_is_taken_ends_its_work_and_renews_nothing()
    {
        var ns = await plane.NamespaceAsync();
        using var candidate = new Candidate(plane, ns, "first", TimeSpan.FromSeconds(10));
        await candidate.Led.Task.WaitAsync(TimeSpan.FromSeconds(20));

        await plane.Api.MergePatchAsync(
            Leases,
            ns,
            "test",
            null,
            new JsonObject { ["spec"] = new JsonObject { ["holderIdentity"] = "usurper" } },
            CancellationToken.None
        );

        (await candidate.Ended.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeFalse();
        candidate.Cancelled.ShouldBeTrue();
        (await HolderAsync(ns)).ShouldBe("usurper");
    }

    [Fact]
    public async Task A_dead_leader_is_waited_for_as_long_as_its_Lease_says_and_no_longer()
    {
        var ns = await plane.NamespaceAsync();
        await plane.Api.CreateAsync(
            Leases,
            ns,
            new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["name"] = "test", ["namespace"] = ns },
                ["spec"] = new JsonObject
                {
                    ["holderIdentity"] = "dead",
                    ["leaseDurationSeconds"] = 3,
                    ["renewTime"] = "2026-01-01T00:00:00.000000Z",
                },
            },
            CancellationToken.None
        );
        var began = TimeProvider.System.GetTimestamp();

        using var candidate = new Candidate(plane, ns, "heir", TimeSpan.FromSeconds(15));

        await candidate.Led.Task.WaitAsync(TimeSpan.FromSeconds(30));
        TimeProvider.System.GetElapsedTime(began).ShouldBeGreaterThan(TimeSpan.FromSeconds(2.9), "another machine's clock is not trusted");
        await candidate.StopAsync();
    }

    private async Task<string> RenewedAsync(string ns) =>
        (await plane.Api.GetAsync(Leases, ns, "test", CancellationToken.None))!["spec"]!["renewTime"]!.GetValue<string>();

    private async Task<string> HolderAsync(string ns) =>
        (await plane.Api.GetAsync(Leases, ns, "test", CancellationToken.None))!["spec"]!["holderIdentity"]?.GetValue<string>()
        ?? string.Empty;

    private sealed class Candidate : IDisposable
    {
        private readonly CancellationTokenSource stop = new();

        public Candidate(ControlPlane plane, string ns, string identity, TimeSpan lease)
        {
            var elector = new LeaderElector(
                new KubernetesApi(plane.CreateClient(), identity),
                new LeaderElectionOptions
                {
                    Namespace = ns,
                    Name = "test",
                    Identity = identity,
                    LeaseDuration = lease,
                    RenewDeadline = lease * 0.6,
                    RetryPeriod = TimeSpan.FromMilliseconds(300),
                },
                TimeProvider.System,
                NullLogger<LeaderElector>.Instance
            );
            Ended = elector.RunAsync(
                async token =>
                {
                    Led.TrySetResult();
                    await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    Cancelled = true;
                },
                stop.Token
            );
        }

        public TaskCompletionSource Led { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Ended { get; }

        public bool Cancelled { get; private set; }

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            await Ended;
        }

        public void Dispose() => stop.Dispose();
    }
}
