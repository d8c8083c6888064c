using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime.Tests;

/// <summary>Keeps every log line, with what the scopes around it say.</summary>
internal sealed class ScopedLog : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<Line> lines = new();
    private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public ScopedLog() => Factory = LoggerFactory.Create(logging => logging.AddProvider(this));

    /// <summary>Makes loggers.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<Line> Lines => [.. lines];

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose() { }

    internal sealed record Line(string Message, IReadOnlyDictionary<string, string?> Scope);

    private sealed class Logger(ScopedLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var scope = new Dictionary<string, string?>(StringComparer.Ordinal);
            log.scopes.ForEachScope(
                (one, all) =>
                {
                    foreach (var (key, value) in one as IEnumerable<KeyValuePair<string, object?>> ?? [])
                        all[key] = value?.ToString();
                },
                scope
            );
            log.lines.Enqueue(new Line(formatter(state, exception), scope));
        }
    }
}
