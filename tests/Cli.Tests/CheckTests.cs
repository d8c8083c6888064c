namespace AgentReadiness.Cli.Tests;

public sealed class CheckTests
{
    private const string Good = """
        apiVersion: agentreadiness.dev/v1alpha1
        kind: AgentDeployment
        metadata: {name: support, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: agent, image: "a:1"}]
          ports: [{name: http, port: 80, targetPort: 8080}]
          evals: [{suite: {name: golden, namespace: evals}, minScore: "0.90", criticalTags: [safety]}]
          budget: {windows: [{period: Day, maxCost: "50", onExhausted: ScaleDown}]}
          guardrails:
            upstreams: [{name: openai, format: OpenAI, url: "https://api.openai.com/v1"}]
        """;

    private static Task<(int Code, string Output, string Error)> CheckAsync(string text) => CommandLine.RunAsync(text, "check", "-f", "-");

    [Fact]
    public async Task ASoundManifestPrintsNothing() => (await CheckAsync(Good)).ShouldBe((0, "", ""));

    [Theory]
    [InlineData("2030-01-01T00:00:00Z")]
    [InlineData("2030-01-01T00:00:00.25+02:00")]
    public async Task ATimeIsATextAndNotAnObject(string time) =>
        (
            await CheckAsync(
                Good.Replace(
                    "windows:",
                    $"raises: [{{period: Day, maxCost: \"60\", reason: launch, requestedBy: ann, expiresAt: \"{time}\"}}], windows:",
                    StringComparison.Ordinal
                )
            )
        ).ShouldBe((0, "", ""));

    [Fact]
    public async Task EachProblemEndsWithTheIdOfItsCheck()
    {
        var (_, output, _) = await CheckAsync(Good.Replace("\"0.90\"", "\"1.5\"", StringComparison.Ordinal));
        output.ShouldBe("spec.evals[0].minScore: \"1.5\" must be a decimal string from \"0\" to \"1\", for example \"0.90\" [EVL-002]\n");
    }

    [Theory]
    // The operator's rules.
    [InlineData("minScore: \"0.90\"", "minScore: \"1.5\"", "spec.evals[0].minScore: \"1.5\" must be")]
    [InlineData("maxCost: \"50\"", "maxCost: \"-1\"", "spec.budget.windows[0].maxCost: \"-1\" must be")]
    [InlineData("name: support", "name: Support", "metadata.name: must be a DNS label")]
    [InlineData(
        "image: \"a:1\"",
        "image: \"a:1\", env: [{name: OPENAI_API_KEY, value: x}]",
        "spec.template.spec.containers[0].env[0].name: OPENAI_API_KEY is set by the operator"
    )]
    [InlineData("containers: [{name: agent, image: \"a:1\"}]", "hostNetwork: true", "spec.template.spec.containers: must list")]
    // The schema's.
    [InlineData("minScore: \"0.90\"", "minScore: 0.90", "spec.evals[0].minScore: must be a text: put it in quotes")]
    [InlineData("minScore: \"0.90\"", "minimumScore: \"0.90\"", "spec.evals[0].minimumScore: is not a field; known are suite, minScore,")]
    [InlineData("minScore: \"0.90\", ", "", "spec.evals[0].minScore: is missing")]
    [InlineData("period: Day", "period: day", "spec.budget.windows[0].period: must be one of Day")]
    [InlineData("format: OpenAI", "format: 0", "spec.guardrails.upstreams[0].format: must be one of OpenAI")]
    [InlineData("port: 80,", "port: \"80\",", "spec.ports[0].port: must be a whole number")]
    [InlineData("port: 80,", "port: 80.5,", "spec.ports[0].port: must be a whole number")]
    [InlineData("criticalTags: [safety]", "criticalTags: safety", "spec.evals[0].criticalTags: must be a list")]
    [InlineData("criticalTags: [safety]", "criticalTags: [yes]", "spec.evals[0].criticalTags[0]: must be a text")]
    [InlineData("criticalTags: [safety]", "criticalTags: ", "spec.evals[0].criticalTags: must not be null")]
    [InlineData("criticalTags: [safety]", "criticalTags: [~]", "spec.evals[0].criticalTags[0]: must not be null")]
    [InlineData("  template:", "  templates:", "spec.templates: is not a field")]
    [InlineData("spec:\n  template:", "specs:\n  template:", "spec: is missing")]
    public async Task NamesFieldAndProblem(string from, string to, string problem)
    {
        var index = Good.IndexOf(from, StringComparison.Ordinal);
        index.ShouldBeGreaterThanOrEqualTo(0);
        var (code, output, error) = await CheckAsync(Good[..index] + to + Good[(index + from.Length)..]);
        error.ShouldBeEmpty();
        output.Split('\n').ShouldContain(line => line.StartsWith(problem, StringComparison.Ordinal));
        code.ShouldBe(1);
    }

    [Fact]
    public async Task SeveralAgentsAreToldApart()
    {
        var bad = Good.Replace("name: support", "name: sales", StringComparison.Ordinal)
            .Replace("maxCost: \"50\"", "maxCost: \"x\"", StringComparison.Ordinal);
        var (code, output, _) = await CheckAsync($"{Good}\n---\n{bad}");
        code.ShouldBe(1);
        output.TrimEnd('\n').Split('\n').ShouldHaveSingleItem().ShouldStartWith("shop/sales: spec.budget.windows[0].maxCost: ");
    }

    [Fact]
    public async Task NothingToCheckIsNotSound() =>
        (await CheckAsync("kind: Pod\n")).ShouldBe((1, "", "error: the manifest has no AgentDeployment\n"));

    [Fact]
    public async Task HelpNamesTheExitCodes()
    {
        foreach (
            var arguments in (string[][])
                [
                    ["--help"],
                    ["check", "--help"],
                    ["revision", "--help"],
                ]
        )
        {
            var (code, output, _) = await CommandLine.RunAsync("", arguments);
            code.ShouldBe(0);
            output.ShouldContain("Exit codes: 0");
        }
    }

    [Fact]
    public async Task VersionIsPrinted() =>
        (await CommandLine.RunAsync("", "version")).Output.ShouldMatch(@"^\d+\.\d+\.\d+(\+[0-9a-f]+)?\n$");

    [Theory]
    [InlineData()]
    [InlineData("revision")]
    [InlineData("nonsense")]
    public async Task AWrongCommandLineIsOne(params string[] arguments) => (await CommandLine.RunAsync("", arguments)).Code.ShouldBe(1);
}
