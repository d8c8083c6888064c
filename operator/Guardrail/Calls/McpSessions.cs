using System.Collections.Concurrent;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Streams of MCP sessions that were asked for and have not begun. A client opens its stream and then goes on calling; over two
/// connections to the server a call could arrive before the stream, and what the server says first would be lost. So the calls of a session
/// wait until its stream has begun, for a moment at most. Only what is pending is kept. Safe for any thread.
/// </summary>
internal sealed class McpSessions(TimeProvider time)
{
    /// <summary>The header that names a session (MCP 2025-11-25, "Session Management").</summary>
    public const string Header = "Mcp-Session-Id";

    /// <summary>The longest ID that is looked at, characters.</summary>
    public const int LongestId = 256;

    /// <summary>The longest that a call waits. A server may well open its stream only when it has something to say.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Upstream, string Session), TaskCompletionSource> pending = new();

    /// <summary>A stream was asked for. The result is disposed when it has begun, or will not begin.</summary>
    public IDisposable? Opening(string upstream, string session)
    {
        var stream = new Stream(this, (upstream, session));
        return pending.TryAdd(stream.Key, stream.Begun) ? stream : null;
    }

    /// <summary>A stream of the session is pending.</summary>
    public bool Knows(string upstream, string session) => pending.ContainsKey((upstream, session));

    /// <summary>Waits for a stream that is pending, if there is one.</summary>
    public Task WaitAsync(string upstream, string session, CancellationToken cancellationToken) =>
        pending.TryGetValue((upstream, session), out var begun)
            ? BegunAsync((upstream, session), begun, cancellationToken)
            : Task.CompletedTask;

    private async Task BegunAsync((string, string) key, TaskCompletionSource begun, CancellationToken cancellationToken)
    {
        try
        {
            await begun.Task.WaitAsync(Longest, time, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // A server that opens its stream only when it has something to say is waited for once.
            pending.TryRemove(new(key, begun));
            // The call goes on all the same; where the agent has gone, that is seen there.
        }
    }

    private sealed class Stream(McpSessions sessions, (string, string) key) : IDisposable
    {
        public (string, string) Key => key;

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            sessions.pending.TryRemove(new(key, Begun));
            Begun.TrySetResult();
        }
    }
}
