using AgentReadiness.Controller.Endpoints;

namespace AgentReadiness.Controller.Tests;

/// <summary>Nobody fills the operator's log from outside, and the first refusal of each sender is told.</summary>
public sealed class RefusalLogTests
{
    private readonly LineLogger<RefusalLog> logger = new();

    [Fact]
    public void One_sender_gets_one_line_for_each_status_and_thousands_get_few()
    {
        using var log = new RefusalLog(logger);
        for (var i = 0; i < 100; i++)
        {
            log.Grant(403, "pod-1", "holds no money");
            log.Grant(400, "pod-1", "sent no grant request");
            log.Submission(401, "10.0.0.1", "the token is bad");
        }
        logger.Lines.ShouldBe([
            "Warning Grant request refused: holds no money",
            "Warning Grant request refused: sent no grant request",
            "Warning Submission of eval results refused with 401: the token is bad",
        ]);

        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 10_000; i++)
            log.Grant(401, $"10.0.{i / 250}.{i % 250}", "the token is missing");
        // Twenty at once, and two a second after that.
        logger.Lines.Count.ShouldBeLessThanOrEqualTo(22 + (2 * (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds));
        logger.Lines.Count.ShouldBeGreaterThan(10);
    }
}
