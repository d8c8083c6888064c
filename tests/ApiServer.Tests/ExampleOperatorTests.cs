using AgentReadiness.Runtime;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>The runtime as another project would use it, on a real API server.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class ExampleOperatorTests(ControlPlane plane)
{
    private const string Foreign = "example.com/somebody-elses";
    private static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "leases", "Lease");

    [Fact]
    public async Task It_keeps_a_child_and_takes_it_along_and_leaves_what_is_not_its_own()
    {
        var ns = await plane.NamespaceAsync();
        var (parent, child) = (new NamespacedName(ns, "a"), new NamespacedName(ns, "a-copy"));
        using var host = ExampleOperator.Build(plane.CreateClient(), ns);
        var objects = host.Services.GetRequiredService<ObjectCache<V1ConfigMap>>();
        var copies = host.Services.GetRequiredService<ObjectCache<Copy>>();
        var diary = host.Services.GetRequiredService<Diary>();
        await host.StartAsync();

        var created = ExampleOperator.Object(ns, "a", "mirror", "one");
        created["metadata"]!["finalizers"] = new JsonArray(Foreign);
        await plane.Api.CreateAsync(ExampleOperator.ConfigMaps, ns, created, CancellationToken.None);
        await copies.UntilAsync(child, copy => copy?.View.Value == "one");
        diary
            .Lines.First()
            .ShouldBe($"one with {Foreign} {ExampleOperator.Finalizer}", "the finalizer is there before the first reconciliation");

        await SetAsync(ns, "a", "two");
        await copies.UntilAsync(child, copy => copy?.View.Value == "two");

        var before = copies.Get(child)!.Uid;
        await plane.Api.DeleteAsync(ExampleOperator.ConfigMaps, ns, child.Name, null, CancellationToken.None);
        await copies.UntilAsync(child, copy => copy is not null && copy.Uid != before);

        await plane.Api.DeleteAsync(ExampleOperator.ConfigMaps, ns, parent.Name, null, CancellationToken.None);
        await objects.UntilAsync(parent, entry => entry?.View.Metadata.Finalizers is [Foreign]);
        await copies.UntilAsync(child, copy => copy is null);
        await plane.Api.MergePatchAsync(ExampleOperator.ConfigMaps, ns, parent.Name, null, Finalizers(), CancellationToken.None);
        (await diary.Gone.Task.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(parent);

        var events = await plane.Api.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/events", null, null, CancellationToken.None);
        events["items"]!
            .AsArray()
            .Select(item => $"{item!["reason"]} {item["involvedObject"]!["kind"]} {item["message"]} {item["type"]}")
            .Order()
            .ShouldBe(["Mirrored ConfigMap The copy holds one Normal", "Mirrored ConfigMap The copy holds two Normal"]);
        await host.StopAsync();
        (await HolderAsync(ns)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stop_lets_the_reconciliation_in_flight_end_and_then_gives_the_Lease_back()
    {
        var ns = await plane.NamespaceAsync();
        var slow = new SlowToStop();
        using var host = ExampleOperator.Build(
            plane.CreateClient(),
            ns,
            made => ExampleOperator.Mirror(made).Services.AddSingleton<IHostedService>(slow)
        );
        var diary = host.Services.GetRequiredService<Diary>();
        await host.StartAsync();
        await plane.Api.CreateAsync(
            ExampleOperator.ConfigMaps,
            ns,
            ExampleOperator.Object(ns, "a", "mirror", "slow"),
            CancellationToken.None
        );
        await diary.InHand.Task.WaitAsync(TimeSpan.FromSeconds(60));

        var stop = host.StopAsync();
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested.ShouldBeTrue();
        (await HolderAsync(ns)).ShouldBe("me", "it still writes as the leader");
        diary.GoOn.SetResult();
        using var ticker = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await HolderAsync(ns)).Length > 0)
            await ticker.WaitForNextTickAsync(limit.Token);
        stop.IsCompleted.ShouldBeFalse("the Lease does not wait for other parts of the program that stop slowly");
        slow.GoOn.SetResult();
        await stop.WaitAsync(TimeSpan.FromSeconds(60));

        var copy = await plane.Api.GetAsync(ExampleOperator.ConfigMaps, ns, "a-copy", CancellationToken.None);
        copy!["data"]!["value"]!.GetValue<string>().ShouldBe("slow");
    }

    [Fact]
    public async Task A_controller_never_sees_an_object_as_it_was_before_its_own_write()
    {
        var ns = await plane.NamespaceAsync();
        using var host = ExampleOperator.Build(plane.CreateClient(), ns, made => made.AddController<Counter, V1ConfigMap>());
        await host.StartAsync();
        await plane.Api.CreateAsync(ExampleOperator.ConfigMaps, ns, ExampleOperator.Object(ns, "a", "mirror", "0"), CancellationToken.None);

        await host
            .Services.GetRequiredService<ObjectCache<V1ConfigMap>>()
            .UntilAsync(new NamespacedName(ns, "a"), entry => entry?.View.Data["value"] == $"{Counter.Goal}");

        await host.StopAsync();
        host.Services.GetRequiredService<Diary>()
            .Lines.Where(line => line != $"{Counter.Goal}")
            .ShouldBe(Enumerable.Range(0, Counter.Goal).Select(number => $"{number}"), "each number was seen once");
    }

    [Fact]
    public async Task Finalizers_run_in_order_and_again_after_failures_and_conflicts_until_each_succeeded()
    {
        var ns = await plane.NamespaceAsync();
        using var host = ExampleOperator.Build(
            plane.CreateClient(),
            ns,
            made =>
                made.AddController<Counter, V1ConfigMap>()
                    .AddFinalizer<Failing, V1ConfigMap>("example.com/failing")
                    .AddFinalizer<Conflicting, V1ConfigMap>("example.com/conflicting")
                    .AddFinalizer<Last, V1ConfigMap>("example.com/last")
        );
        var objects = host.Services.GetRequiredService<ObjectCache<V1ConfigMap>>();
        var key = new NamespacedName(ns, "a");
        await host.StartAsync();
        await plane.Api.CreateAsync(
            ExampleOperator.ConfigMaps,
            ns,
            ExampleOperator.Object(ns, "a", "mirror", $"{Counter.Goal}"),
            CancellationToken.None
        );
        await objects.UntilAsync(
            key,
            entry => entry?.View.Metadata.Finalizers is ["example.com/failing", "example.com/conflicting", "example.com/last"]
        );
        var diary = host.Services.GetRequiredService<Diary>();

        await plane.Api.DeleteAsync(ExampleOperator.ConfigMaps, ns, "a", null, CancellationToken.None);
        await objects.UntilAsync(key, entry => entry is null);

        await host.StopAsync();
        diary
            .Lines.Where(line => line.Contains(' ', StringComparison.Ordinal))
            .ShouldBe([
                "failing throws",
                "failing fails",
                "failing succeeds",
                "conflicting meets a newer object",
                "conflicting succeeds",
                "last succeeds",
            ]);
    }

    [Theory]
    [InlineData("mirror")]
    [InlineData("example.com/")]
    [InlineData("example.com/a/b")]
    public void A_finalizer_that_the_server_would_refuse_is_refused_at_the_start(string identifier) =>
        Should.Throw<ArgumentException>(() =>
            new ServiceCollection().AddKubernetesOperator().AddFinalizer<MirrorFinalizer, V1ConfigMap>(identifier)
        );

    private static JsonObject Finalizers() => new() { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } };

    private Task SetAsync(string ns, string name, string value) =>
        plane.Api.MergePatchAsync(
            ExampleOperator.ConfigMaps,
            ns,
            name,
            null,
            new JsonObject { ["data"] = new JsonObject { ["value"] = value } },
            CancellationToken.None
        );

    private async Task<string> HolderAsync(string ns) =>
        (await plane.Api.GetAsync(Leases, ns, "example", CancellationToken.None))!["spec"]!["holderIdentity"]?.GetValue<string>()
        ?? string.Empty;

    /// <summary>A part of the program that is stopped first, as it was added last, and takes its time.</summary>
    private sealed class SlowToStop : IHostedService
    {
        public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => GoOn.Task;
    }

    /// <summary>Counts up in the object itself, without a guard and without patience: on an old object it would count twice.</summary>
    private sealed class Counter(KubernetesApi api, Diary diary) : IEntityController<V1ConfigMap>
    {
        public const int Goal = 40;

        public async Task<ReconciliationResult<V1ConfigMap>> ReconcileAsync(V1ConfigMap entity, CancellationToken cancellationToken)
        {
            var number = int.Parse(entity.Data["value"], CultureInfo.InvariantCulture);
            diary.Lines.Enqueue($"{number}");
            if (number == Goal)
                return ReconciliationResult<V1ConfigMap>.Success();
            await api.MergePatchAsync(
                ExampleOperator.ConfigMaps,
                entity.Metadata.NamespaceProperty,
                entity.Metadata.Name,
                null,
                new JsonObject { ["data"] = new JsonObject { ["value"] = $"{number + 1}" } },
                cancellationToken
            );
            return ReconciliationResult<V1ConfigMap>.Success(TimeSpan.FromTicks(1));
        }

        public Task<ReconciliationResult<V1ConfigMap>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<V1ConfigMap>.Success());
    }

    private sealed class Failing(Diary diary) : IEntityFinalizer<V1ConfigMap>
    {
        private int tries;

        public Task<ReconciliationResult<V1ConfigMap>> FinalizeAsync(V1ConfigMap entity, CancellationToken cancellationToken)
        {
            switch (++tries)
            {
                case 1:
                    diary.Lines.Enqueue("failing throws");
                    throw new InvalidOperationException("not yet");
                case 2:
                    diary.Lines.Enqueue("failing fails");
                    return Task.FromResult(ReconciliationResult<V1ConfigMap>.Failure(entity, "not yet"));
                default:
                    diary.Lines.Enqueue("failing succeeds");
                    return Task.FromResult(ReconciliationResult<V1ConfigMap>.Success(entity));
            }
        }
    }

    /// <summary>Somebody writes to the object while it works.</summary>
    private sealed class Conflicting(KubernetesApi api, Diary diary) : IEntityFinalizer<V1ConfigMap>
    {
        private int tries;

        public async Task<ReconciliationResult<V1ConfigMap>> FinalizeAsync(V1ConfigMap entity, CancellationToken cancellationToken)
        {
            var first = ++tries == 1;
            diary.Lines.Enqueue(first ? "conflicting meets a newer object" : "conflicting succeeds");
            if (first)
            {
                await api.MergePatchAsync(
                    ExampleOperator.ConfigMaps,
                    entity.Metadata.NamespaceProperty,
                    entity.Metadata.Name,
                    null,
                    new JsonObject { ["data"] = new JsonObject { ["more"] = "1" } },
                    cancellationToken
                );
            }
            return ReconciliationResult<V1ConfigMap>.Success(entity);
        }
    }

    private sealed class Last(Diary diary) : IEntityFinalizer<V1ConfigMap>
    {
        public Task<ReconciliationResult<V1ConfigMap>> FinalizeAsync(V1ConfigMap entity, CancellationToken cancellationToken)
        {
            diary.Lines.Enqueue("last succeeds");
            return Task.FromResult(ReconciliationResult<V1ConfigMap>.Success(entity));
        }
    }
}
