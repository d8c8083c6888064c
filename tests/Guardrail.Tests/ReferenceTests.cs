using System.Text.RegularExpressions;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Guardrail.Screening;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>docs/reference.md lists exactly the metrics that the guardrail writes.</summary>
public sealed partial class ReferenceTests
{
    [Fact]
    public async Task Every_metric_is_listed_and_no_other()
    {
        var listed = File.ReadLines(Repository.PathOf("docs", "reference.md"))
            .SkipWhile(line => line != "## Metrics of the guardrail")
            .Select(line => Name().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value);

        using var buffer = new MemoryStream();
        var agent = new GuardrailIdentity
        {
            Namespace = "shop",
            Name = "support",
            Revision = "abc123",
            Track = "serving",
        };
        await new GuardrailMetrics(agent).WriteAsync(buffer, openMetrics: false, default, 0, 0, CancellationToken.None);
        var written = Encoding
            .UTF8.GetString(buffer.ToArray())
            .Split('\n')
            .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]);

        listed.ShouldBe(written, ignoreOrder: true);
    }

    [Fact]
    public void Every_reason_of_a_circuit_breaker_is_listed_and_no_other() =>
        WordsUnder("## Reasons of circuit breakers").ShouldBe(Enum.GetNames<CircuitReason>(), ignoreOrder: true);

    [Fact]
    public void Every_reason_of_a_fallback_is_listed_and_no_other() =>
        WordsUnder("## Reasons of fallbacks").ShouldBe(Enum.GetNames<FallbackReason>(), ignoreOrder: true);

    [Fact]
    public void Every_failure_of_a_tool_is_listed_and_no_other() =>
        WordsUnder("## Failures of tools").ShouldBe([.. Enum.GetNames<ToolFailure>(), .. Enum.GetNames<UnreadAnswer>()], ignoreOrder: true);

    [Fact]
    public void Every_verdict_on_a_call_of_a_tool_is_listed_and_no_other() =>
        WordsUnder("## Checks of tool calls").ShouldBe(Enum.GetNames<ToolVerdict>(), ignoreOrder: true);

    [Fact]
    public void Every_word_of_screening_is_listed_and_no_other()
    {
        string[] words =
        [
            .. Enum.GetNames<ScreenedSource>(),
            .. Enum.GetNames<ScreenedAction>(),
            .. Enum.GetNames<Unscreened>(),
            .. RuleSet.Default.Families,
        ];
        WordsUnder("## Screening").ShouldBe(words, ignoreOrder: true);
    }

    [Fact]
    public void Every_word_on_context_windows_is_listed_and_no_other() =>
        WordsUnder("## Context windows").ShouldBe([.. Enum.GetNames<ContextVerdict>(), "SystemPromptLost"], ignoreOrder: true);

    private static IEnumerable<string> WordsUnder(string heading) =>
        File.ReadLines(Repository.PathOf("docs", "reference.md"))
            .SkipWhile(line => line != heading)
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => Word().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^\| `([A-Za-z]+)` ")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\| `([a-z_]+)` ")]
    private static partial Regex Name();
}
