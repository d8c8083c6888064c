using Microsoft.Extensions.Logging;

namespace AgentReadiness.Controller.Tests;

/// <summary>Keeps what is logged, as lines of level and text.</summary>
internal sealed class LineLogger<T> : ILogger<T>
{
    public List<string> Lines { get; } = [];

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => Lines.Add($"{logLevel} {formatter(state, exception)}");
}
