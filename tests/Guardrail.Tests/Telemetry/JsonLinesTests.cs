using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

public sealed class JsonLinesTests
{
    [Fact]
    public void Each_line_is_an_object_with_the_message_and_its_fields()
    {
        var line = Lines(log =>
                log.CallRefused("model", "run-1", "openai", "a \"model\"\nof two lines", 402, "budget_exhausted", "reservation")
            )
            .ShouldHaveSingleItem();
        line.GetProperty("time").GetString().ShouldBe("2026-01-02T03:04:05.006Z");
        line.GetProperty("level").GetString().ShouldBe("info");
        line.GetProperty("category").GetString().ShouldBe("JsonLinesTests");
        line.GetProperty("event").GetString().ShouldBe("CallRefused");
        line.GetProperty("message")
            .GetString()
            .ShouldBe(
                "model call refused: run=run-1 upstream=openai subject=a \"model\"\nof two lines status=402 code=budget_exhausted "
                    + "check=reservation"
            );
        line.GetProperty("RunId").GetString().ShouldBe("run-1");
        line.GetProperty("Status").GetInt32().ShouldBe(402);
        line.TryGetProperty("{OriginalFormat}", out _).ShouldBeFalse();
    }

    [Fact]
    public void A_model_call_tells_all_that_its_cost_is_summed_by()
    {
        var tags = Tags.Read(
            new TagNames(["feature", "customer"]),
            new Microsoft.AspNetCore.Http.HeaderDictionary { ["X-Agent-Tag-Feature"] = "search" },
            Tags.Empty
        );
        var agent = new GuardrailIdentity
        {
            Namespace = "shop",
            Name = "support",
            Revision = "abc123",
            Track = "serving",
        };
        var line = Lines(log =>
                log.ModelCall(
                    "settled",
                    "run-1",
                    "openai",
                    "gpt-5.4-mini",
                    "resp-1",
                    200,
                    10,
                    0,
                    5,
                    "0.00012",
                    "0.01",
                    12,
                    "openai/gpt-5.4-mini",
                    agent,
                    tags
                )
            )
            .ShouldHaveSingleItem();
        line.GetProperty("event").GetString().ShouldBe("ModelCall");
        line.GetProperty("CostUsd").GetString().ShouldBe("0.00012");
        string[] fields = ["rule", "namespace", "agent", "revision", "track"];
        fields
            .Select(field => line.GetProperty(field).GetString())
            .ShouldBe(["openai/gpt-5.4-mini", "shop", "support", "abc123", "serving"]);
        line.GetProperty("tags").GetRawText().ShouldBe("""{"feature":"search","customer":"(none)"}""");
    }

    [Fact]
    public void What_a_message_does_not_know_is_null()
    {
        var line = Lines(log => log.CallRefused("model", null, "openai", null, 404, "unknown", "identify")).ShouldHaveSingleItem();
        line.GetProperty("Subject").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public void An_exception_is_told_with_its_type()
    {
        var line = Lines(log => log.LogError(new InvalidOperationException("why"), "it failed")).ShouldHaveSingleItem();
        (line.GetProperty("level").GetString(), line.GetProperty("message").GetString()).ShouldBe(("error", "it failed"));
        line.GetProperty("exception").GetString()!.ShouldContain("InvalidOperationException: why");
    }

    [Fact]
    public void All_threads_lines_come_whole_and_none_is_lost()
    {
        var lines = Lines(log => Parallel.For(0, 2000, i => log.CallRefused("model", null, "openai", null, i, "code", "identify")));
        lines.Select(line => line.GetProperty("Status").GetInt32()).Order().ShouldBe(Enumerable.Range(0, 2000));
    }

    [Fact]
    public void A_reader_that_stalls_loses_lines_and_is_told_how_many()
    {
        using var gate = new ManualResetEventSlim();
        var output = new Stalled(gate);
        const int count = 8_000;
        using (var provider = new JsonLines(output, TimeProvider.System))
        {
            var log = provider.CreateLogger("x");
            log.LogInformation("first");
            output.Reached.Wait();
            var text = new string('x', 1000);
            for (var i = 0; i < count; i++)
                log.CallRefused("model", null, text, null, 400, "code", "identify");
            gate.Set();
        }
        var lines = Parse(output.ToArray());
        var dropped = lines
            .Where(line => line.GetProperty("message").GetString()!.StartsWith("log lines dropped", StringComparison.Ordinal))
            .ToList();
        dropped.ShouldNotBeEmpty();
        (lines.Count - dropped.Count + dropped.Sum(line => line.GetProperty("Lines").GetInt64())).ShouldBe(count + 1);
    }

    private static List<JsonElement> Lines(Action<ILogger> write)
    {
        using var output = new MemoryStream();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero));
        using (var provider = new JsonLines(output, time))
            write(provider.CreateLogger(typeof(JsonLinesTests).FullName!));
        return Parse(output.ToArray());
    }

    private static List<JsonElement> Parse(byte[] bytes) =>
        [
            .. Encoding
                .UTF8.GetString(bytes)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<JsonElement>(line)),
        ];

    /// <summary>Takes nothing until it may.</summary>
    private sealed class Stalled(ManualResetEventSlim gate) : MemoryStream
    {
        public ManualResetEventSlim Reached { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Reached.Set();
            gate.Wait();
            base.Write(buffer);
        }
    }
}
