using AgentReadiness.Controller.Views;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Prices;

/// <summary>Tells on the ConfigMap of prices how it stands: one event for each state that begins.</summary>
public sealed class PriceNews(PriceBook book, EventRecorder events) : ILeaderTask
{
    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changed = new SemaphoreSlim(0);
        void Wake() => changed.Release();
        book.Changed += Wake;
        try
        {
            for (PriceState? told = null; ; await changed.WaitAsync(cancellationToken))
            {
                if (book.Source is not { } key || book.State is not { } state || state == told)
                    continue;
                await events.PublishAsync(new EventSubject(ConfigMapView.Resource.ApiVersion, ConfigMapView.Resource.Kind, key, state.Uid),
                    state.IsWrong, state.Reason, state.Message, cancellationToken);
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
}
