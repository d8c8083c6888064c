using System.Text.RegularExpressions;

namespace AgentReadiness.Cli.Tests;

/// <summary>The samples are as sound as they look.</summary>
public sealed partial class SampleTests
{
    [Theory]
    [InlineData("support/agent.yaml")]
    [InlineData("rollouts/canary.yaml")]
    [InlineData("rollouts/approval.yaml")]
    [InlineData("evals/chaos.yaml")]
    public async Task A_sample_breaks_no_rule(string file) =>
        (await CommandLine.RunAsync(Sample(file), "check", "-f", "-")).ShouldBe((0, "", ""));

    [Fact]
    public async Task The_approval_names_the_revision_of_its_own_manifest()
    {
        var text = Sample("rollouts/approval.yaml");
        var (code, output, _) = await CommandLine.RunAsync(text, "revision", "-f", "-");

        code.ShouldBe(0);
        output.Trim().ShouldBe($"shop/approved {Decision().Match(text).Groups[1].Value}");
    }

    private static string Sample(string file) =>
        File.ReadAllText(Repository.PathOf("docs", "samples", file)).Replace("${CAP}", "1.50", StringComparison.Ordinal);

    [GeneratedRegex("decision: {revision: ([0-9a-f]{15}),")]
    private static partial Regex Decision();
}
