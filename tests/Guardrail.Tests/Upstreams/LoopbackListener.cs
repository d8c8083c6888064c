using System.Net;
using System.Net.Sockets;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A port of this machine, and what is done with each connection to it. Its end waits for theirs.</summary>
internal sealed class LoopbackListener : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    /// <param name="serve">Serves a connection, until that ends or the token says so.</param>
    /// <param name="port">The port; 0: any that is free.</param>
    public LoopbackListener(Func<TcpClient, CancellationToken, Task> serve, int port = 0)
    {
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        running = RunAsync(serve);
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        // Not before the loop has ended: to accept from a listener that is stopped is an error of another kind.
        await running;
        listener.Dispose();
        stop.Dispose();
    }

    private async Task RunAsync(Func<TcpClient, CancellationToken, Task> serve)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(serve, await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Func<TcpClient, CancellationToken, Task> serve, TcpClient client)
    {
        using var connection = client;
        try
        {
            await serve(client, stop.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // One of the two has gone.
        }
    }
}
