using System.Text.RegularExpressions;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Telemetry;

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

    [GeneratedRegex(@"^\| `([a-z_]+)` ")]
    private static partial Regex Name();
}
