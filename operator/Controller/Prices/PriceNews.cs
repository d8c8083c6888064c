using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Prices;

/// <summary>
/// Tells on the ConfigMap of prices how it stands, one event for each state that begins, and keeps the last good prices for the next
/// leader.
/// </summary>
public sealed class PriceNews(
    PriceBook book,
    ObjectCache<ConfigMapView> configMaps,
    KubernetesApi api,
    EventRecorder events,
    OperatorOptions options,
    TimeProvider time,
    ILogger<PriceNews> logger
) : ILeaderTask
{
    // The copy may have been changed or deleted, or the last write may have failed, so it is checked again.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changed = new SemaphoreSlim(0);
        void Wake() => changed.Release();
        book.Changed += Wake;
        await using var again = time.CreateTimer(_ => Wake(), null, PollInterval, PollInterval);
        try
        {
            for (PriceState? told = null; ; await changed.WaitAsync(cancellationToken))
            {
                await KeepAsync(cancellationToken);
                if (book.Source is not { } key || book.State is not { } state || state == told)
                    continue;
                await events.PublishAsync(
                    new EventSubject(ConfigMapView.Resource.ApiVersion, ConfigMapView.Resource.Kind, key, state.Uid),
                    state.IsWrong,
                    state.Reason,
                    state.Message,
                    cancellationToken
                );
                told = state;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Leadership is over.
        }
        finally
        {
            book.Changed -= Wake;
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        var key = options.LastPrices;
        var kept = configMaps.Get(key)?.View;
        try
        {
            // Where no ConfigMap of prices is named any more, the copy is deleted, so that its prices cannot come back later.
            if (book.Source is null && kept?.Meta.Label(Names.ManagedByLabel) == Names.Operator)
                await api.DeleteAsync(ConfigMapView.Resource, key.Namespace, key.Name, kept.Meta.Uid, cancellationToken);
            else if (book.InForce is { } good && kept?.PricesDigest != good.Digest)
                await api.ApplyAsync(ConfigMapView.Resource, key.Namespace, key.Name, Copy(key, good), cancellationToken);
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or IOException or TimeoutException)
        {
            ControllerLog.PricesNotKept(logger, key, exception.Message);
        }
    }

    private static JsonObject Copy(NamespacedName key, GuardrailPrices prices) =>
        new()
        {
            ["apiVersion"] = ConfigMapView.Resource.ApiVersion,
            ["kind"] = ConfigMapView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = key.Name,
                ["namespace"] = key.Namespace,
                ["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.Operator },
            },
            ["data"] = new JsonObject { [GuardrailPrices.Key] = prices.Text },
        };
}
