using AgentReadiness.Controller.Endpoints;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Controller.Tests;

/// <summary>Nobody fills the operator's log from outside, and the first refusal of each sender is told.</summary>
public sealed class RefusalLogTests : ILogger<RefusalLog>
{
    private readonly List<string> lines = [];

    [Fact]
    public void One_sender_gets_one_line_for_each_status_and_thousands_get_few()
    {
        using var log = new RefusalLog(this);
        for (var i = 0; i < 100; i++)
        {
            log.Grant(403, "pod-1", "holds no money");
            log.Grant(400, "pod-1", "sent no grant request");
            log.Submission(401, "10.0.0.1", "the token is bad");
        }
        lines.ShouldBe([
            "Grant request refused: holds no money",
            "Grant request refused: sent no grant request",
            "Submission of eval results refused with 401: the token is bad",
        ]);

        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 10_000; i++)
            log.Grant(401, $"10.0.{i / 250}.{i % 250}", "the token is missing");
        // Twenty at once, and two a second after that.
        lines.Count.ShouldBeLessThanOrEqualTo(22 + (2 * (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds));
        lines.Count.ShouldBeGreaterThan(10);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => lines.Add(formatter(state, exception));
}
