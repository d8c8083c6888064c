namespace AgentReadiness.Cli.Tests.Budgets;

public sealed class SpendCommandTests
{
    private const string Pods = "/api/v1/namespaces/shop/pods";
    private const string Selector = "?labelSelector=agentreadiness.dev%2Fagent%3Dsupport%2Cagentreadiness.dev%2Ftrack%3Dserving";
    private readonly FakeServer server = new();

    public SpendCommandTests()
    {
        server.Add(
            "shop/agentdeployments/support",
            """{"metadata": {"name": "support", "namespace": "shop"}, "spec": {"budget": {"attribution": ["customer"]}}}"""
        );
        server.Texts[Pods + Selector] =
            """{"items": [{"metadata": {"name": "support-b"}}, {"metadata": {"name": "support-a"}}, {"metadata": """
            + """{"name": "support-new"}}]}""";
        Log(
            "support-a",
            "3600",
            Call("acme", "0.10", "r1", "openai/gpt"),
            Call("acme", "0.20", "r1", "openai/gpt"),
            Call("(none)", "0.05", "", "openai/gpt"),
            """{"event":"ModelCallRefused","Code":"\"ModelCall\""}""",
            "not json \"ModelCall\"",
            """{"event":"ModelCall","Outcome":"settled"}""",
            """["ModelCall"]"""
        );
        Log("support-b", "3600", Call("initech", "0.65", "r2", "anthropic/claude"), Call("initech", "0", "r2", "anthropic/claude", "zero"));
    }

    [Fact]
    public async Task What_each_customer_cost_the_costliest_first()
    {
        var (code, output, error) = await server.RunAsync("spend", "support", "--by", "customer");

        (code, error).ShouldBe((0, ""));
        output
            .TrimEnd()
            .Split('\n')
            .ShouldBe([
                "CUSTOMER   SPENT   SHARE   CALLS",
                "initech    0.65    65%     1",
                "acme       0.3     30%     2",
                "(none)     0.05    5%      1",
                "total      1       100%    4",
                "Read from the logs of 2 pods, the last 1h: 5 model calls. Pods that are gone are not in it.",
                "not read: support-new: not found",
            ]);
    }

    [Theory]
    [InlineData("run", "r2", "r1")]
    [InlineData("model", "anthropic/claude", "openai/gpt")]
    [InlineData("revision", "abc", "total")]
    public async Task What_is_told_apart_in_any_case(string by, string first, string second)
    {
        var lines = (await server.RunAsync("spend", "agd/support", "--by", by)).Output.Split('\n');
        lines[1].ShouldStartWith(first + " ");
        lines[2].ShouldStartWith(second + " ");
        lines.ShouldNotContain(line => line.Contains("spec.budget.attribution", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tag_that_nobody_declared_is_said_to_be_none()
    {
        var (code, output, _) = await server.RunAsync("spend", "support", "--by", "feature");
        code.ShouldBe(0);
        output.ShouldContain("(none)");
        output.ShouldContain("\"feature\" is not in spec.budget.attribution");
    }

    [Theory]
    [InlineData("--since", "soon", "--since")]
    [InlineData("--since", "0s", "--since")]
    [InlineData("--by", "No Such", "--by")]
    public async Task What_cannot_be_is_refused_by_its_option(string option, string value, string named)
    {
        string[] arguments = option == "--by" ? ["spend", "support", option, value] : ["spend", "support", "--by", "run", option, value];
        var (code, _, error) = await server.RunAsync(arguments);
        (code, error.StartsWith($"error: {named}: ", StringComparison.Ordinal)).ShouldBe((2, true), error);
    }

    [Fact]
    public async Task A_shared_budget_has_no_pods_and_who_may_not_read_logs_is_told()
    {
        var (code, _, error) = await server.RunAsync("spend", "agb/team", "--by", "run");
        (code, error.Contains("topSpenders", StringComparison.Ordinal)).ShouldBe((2, true), error);
        server.Forbidden.Add($"{Pods}/support-a/log");
        (await server.RunAsync("spend", "support", "--by", "run")).Code.ShouldBe(2);
    }

    private void Log(string pod, string seconds, params string[] lines) =>
        server.Texts[$"{Pods}/{pod}/log?container=agent-readiness-guardrail&sinceSeconds={seconds}"] = string.Join('\n', lines) + "\n";

    private static string Call(string customer, string cost, string run, string rule, string outcome = "settled") =>
        $$$"""{"time":"2026-11-24T17:00:00.000Z","event":"ModelCall", """
        + $$$""" "Outcome":"{{{outcome}}}","RunId":"{{{run}}}","Model":"m","CostUsd":"{{{cost}}}" """
        + $$$""" ,"rule":"{{{rule}}}","revision":"abc","tags":{"customer":"{{{customer}}}"}}""";
}
