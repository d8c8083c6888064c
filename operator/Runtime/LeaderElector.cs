using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>
/// Leader election on a coordination.k8s.io/v1 Lease. Unlike the client library's: an empty Lease is taken, work is cancelled and
/// nothing is renewed after a loss, the Lease is given back on stop so that the next process need not wait, and only the
/// monotonic clock decides.
/// </summary>
public sealed class LeaderElector(KubernetesApi api, LeaderElectionOptions options, TimeProvider time, ILogger<LeaderElector> logger)
{
    private static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "leases", "Lease");

    private string? observed;
    private long observedAt;

    /// <summary>Who leads, as last seen; empty when nobody.</summary>
    public string Leader { get; private set; } = string.Empty;

    /// <summary>Waits for leadership, runs the work, and gives the Lease back.</summary>
    /// <param name="lead">The work; its token is cancelled on stop and on loss.</param>
    /// <param name="cancellationToken">Stops the work and the election.</param>
    /// <returns>True after a stop, false after a loss: then the process should end, for what it holds in memory is no longer
    /// true.</returns>
    public Task<bool> RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken) =>
        RunAsync((stopping, _) => lead(stopping), cancellationToken);

    /// <summary>
    /// Waits for leadership, runs the work, and gives the Lease back when the work has ended; until then the Lease is kept.
    /// </summary>
    /// <param name="lead">
    /// The work. Its first token is cancelled on stop and on loss: begin nothing more. Its second is cancelled on loss only: another
    /// may lead already, so end at once.
    /// </param>
    /// <param name="cancellationToken">Stops the work and the election.</param>
    /// <returns>True after a stop, false after a loss: then the process should end, for what it holds in memory is no longer
    /// true.</returns>
    public async Task<bool> RunAsync(Func<CancellationToken, CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        RuntimeMetrics.Leader.WithLabels(options.Name).Set(0);
        while (!await TryHoldAsync(cancellationToken))
        {
            await Task.Delay(options.RetryPeriod, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return true;
        }
        RuntimeLog.Leading(logger, options.Identity);
        RuntimeMetrics.Leader.WithLabels(options.Name).Set(1);
        using var lost = new CancellationTokenSource();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lost.Token);
        var work = lead(stopping.Token, lost.Token);
        var kept = await KeepAsync(work);
        RuntimeMetrics.Leader.WithLabels(options.Name).Set(0);
        if (!kept)
        {
            await lost.CancelAsync();
            await Task.WhenAny(work, Task.Delay(options.RenewDeadline, time, CancellationToken.None));
            RuntimeLog.LeadershipLost(logger, options.Identity);
            return false;
        }
        await ReleaseAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsFaulted)
            throw work.Exception.InnerException!;
        return true;
    }

    // Renew until the work has ended, also after a stop: work in flight writes as the leader, so this process must still lead.
    private async Task<bool> KeepAsync(Task work)
    {
        var renewed = time.GetTimestamp();
        while (!work.IsCompleted)
        {
            using var pause = new CancellationTokenSource();
            await Task.WhenAny(work, Task.Delay(options.RetryPeriod, time, pause.Token));
            await pause.CancelAsync();
            if (work.IsCompleted)
                break;
            var left = options.RenewDeadline - time.GetElapsedTime(renewed);
            if (left <= TimeSpan.Zero)
                return false;
            using var deadline = new CancellationTokenSource(left, time);
            var began = time.GetTimestamp();
            if (await TryHoldAsync(deadline.Token))
                renewed = began;
            else if (Leader.Length > 0 && Leader != options.Identity)
                return false;
        }
        return true;
    }

    /// <summary>One try to take or renew the Lease.</summary>
    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            var lease = await api.GetAsync(Leases, options.Namespace, options.Name, cancellationToken);
            if (lease is null)
            {
                var fresh = Lease(null, options.Identity, 0);
                await api.CreateAsync(Leases, options.Namespace, fresh, cancellationToken);
                Leader = options.Identity;
                return true;
            }
            var spec = lease["spec"] as JsonObject ?? [];
            Leader = spec["holderIdentity"]?.GetValue<string>() ?? string.Empty;
            if (Leader.Length > 0 && Leader != options.Identity && !IsStale(spec))
                return false;
            var transitions = spec["leaseTransitions"]?.GetValue<int>() ?? 0;
            await api.ReplaceAsync(
                Leases,
                options.Namespace,
                options.Name,
                Lease(lease, options.Identity, Leader == options.Identity ? transitions : transitions + 1),
                cancellationToken
            );
            Leader = options.Identity;
            return true;
        }
        catch (KubernetesApiException exception) when (exception.IsConflict)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception exception)
        {
            RuntimeLog.LeaseFailed(logger, exception.Message);
            return false;
        }
    }

    // The clocks of other machines are not trusted. A Lease is stale when this process saw no change of it for its duration.
    private bool IsStale(JsonObject spec)
    {
        var record = spec.ToJsonString();
        if (record != observed)
        {
            observed = record;
            observedAt = time.GetTimestamp();
        }
        var seconds = spec["leaseDurationSeconds"]?.GetValue<int>() ?? (int)options.LeaseDuration.TotalSeconds;
        return time.GetElapsedTime(observedAt) >= TimeSpan.FromSeconds(seconds);
    }

    private async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        try
        {
            var lease = await api.GetAsync(Leases, options.Namespace, options.Name, limit.Token);
            if (lease?["spec"]?["holderIdentity"]?.GetValue<string>() == options.Identity)
                await api.ReplaceAsync(
                    Leases,
                    options.Namespace,
                    options.Name,
                    Lease(lease, string.Empty, lease["spec"]!["leaseTransitions"]?.GetValue<int>() ?? 0),
                    limit.Token
                );
            RuntimeLog.Released(logger, options.Identity);
        }
        catch (Exception exception)
            when (exception is KubernetesApiException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            RuntimeLog.LeaseFailed(logger, exception.Message);
        }
    }

    private JsonObject Lease(JsonObject? current, string holder, int transitions)
    {
        var metadata = new JsonObject { ["name"] = options.Name, ["namespace"] = options.Namespace };
        if (current?["metadata"]?["resourceVersion"] is { } version)
            metadata["resourceVersion"] = version.DeepClone();
        // MicroTime needs its six fraction digits: the server refuses whole seconds.
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = holder,
                ["leaseDurationSeconds"] = holder.Length == 0 ? 1 : (int)options.LeaseDuration.TotalSeconds,
                ["acquireTime"] = Leader == holder && current?["spec"]?["acquireTime"] is { } acquired ? acquired.DeepClone() : now,
                ["renewTime"] = now,
                ["leaseTransitions"] = transitions,
            },
        };
    }
}
