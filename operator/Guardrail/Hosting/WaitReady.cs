using System.Net;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Hosting;

/// <summary>
/// The container's postStart hook: ends once the server in the same container can serve, so that the next container starts after it.
/// </summary>
internal static class WaitReady
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>True once <c>/readyz</c> answers 200; false after a minute.</summary>
    public static async Task<bool> RunAsync(TimeProvider time, int port = GuardrailPorts.Admin)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var expiry = new CancellationTokenSource(Limit, time);
        // Another process cannot signal, so it is asked; each tick is one cheap try.
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    using var response = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"), expiry.Token);
                    if (response.StatusCode == HttpStatusCode.OK)
                        return true;
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                }
            } while (await timer.WaitForNextTickAsync(expiry.Token));
        }
        catch (OperationCanceledException)
        {
            // Out of time.
        }
        return false;
    }
}
