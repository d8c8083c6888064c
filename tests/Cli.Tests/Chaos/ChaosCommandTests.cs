using AgentReadiness.Cli.Tests.Budgets;
using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Cli.Tests.Chaos;

/// <summary>"chaos" prints what the guardrail will do, and reads no more than it must.</summary>
public sealed class ChaosCommandTests : IDisposable
{
    private const string Agent = "shop/agentdeployments/support";
    private readonly string folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;
    private readonly FakeServer server = new();

    public ChaosCommandTests()
    {
        server.Add(
            Agent,
            """
            {"metadata": {"name": "support", "namespace": "shop"},
             "spec": {"template": {"spec": {"containers": [{"name": "agent", "image": "agent:1"}]}},
               "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
               "guardrails": {"upstreams": [{"name": "openai", "format": "OpenAI", "url": "https://a.example/v1"},
                 {"name": "tools", "format": "MCP", "url": "https://a.example/mcp"}]},
               "evals": [{"suite": {"name": "golden"}, "minScore": "0.9"},
                 {"name": "outage", "suite": {"name": "golden", "namespace": "agent-evals"}, "minScore": "0.8",
                  "chaos": {"seed": 7, "faults": [{"fault": "ServerError", "upstream": "openai", "percent": 50},
                    {"fault": "ToolError", "tool": "search_orders", "percent": 50},
                    {"fault": "InjectedText", "tool": "search_*", "percent": 10}]}}]}}
            """
        );
        server.Add(
            "agent-evals/evalsuites/golden",
            """{"metadata": {"name": "golden"}, "spec": {"builtin": {"cases": {"name": "cases", "key": "cases.yaml"}}}}"""
        );
        server.Objects["/api/v1/namespaces/agent-evals/configmaps/cases"] = (JsonObject)
            JsonNode.Parse("""{"data": {"cases.yaml": "cases:\n- id: a\n  input: x\n- id: b\n  turns: [{input: x}, {input: y}]\n"}}""")!;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_plan_is_what_the_guardrail_draws()
    {
        var (code, output, error) = await server.RunAllAsync("chaos", "support");
        (code, error).ShouldBe((0, ""));
        var faults = new[]
        {
            Fault("ServerError", "openai", null, 50),
            Fault("ToolError", null, "search_orders", 50),
            Fault("InjectedText", null, "search_*", 10, ChaosFaults.DefaultText),
        };
        var plan = ChaosPlan.Of("outage", 7, faults);
        var lines = output.TrimEnd().Split('\n');
        lines[0].ShouldBe($"eval outage: suite golden, seed 7, plan {plan.Id}");
        lines[1..4].ShouldBe(["  ServerError/openai 50%", "  ToolError/search_orders 50%", "  InjectedText/search_* 10%"]);
        lines[4].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..3].ShouldBe(["CASE", "TURN", "TARGET"]);
        // Three turns of two cases, each with an upstream and a tool.
        lines.Length.ShouldBe(4 + 1 + 6 + 1);
        var rows = lines[5..11]
            .Select(line => line.Split("   ", StringSplitOptions.RemoveEmptyEntries).Select(cell => cell.Trim()).ToList());
        foreach (var row in rows)
        {
            var target = new ChaosTarget(row[2].StartsWith("tool ", StringComparison.Ordinal), row[2].Split(' ')[1]);
            var key = ChaosDice.KeyOf(row[0], int.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture));
            row[3..].ShouldBe(Enumerable.Range(1, 5).Select(call => ChaosDice.Draw(plan, key, target, call)?.Fault ?? "-"));
        }
        lines[^1].ShouldEndWith("of 2 cases meet a fault, where they make 5 calls of each target");
    }

    [Fact]
    public async Task Cases_may_come_from_a_file_and_then_no_suite_is_read()
    {
        var path = Path.Combine(folder, "cases.jsonl");
        await File.WriteAllTextAsync(path, """{"id":"z","input":"x"}""" + "\n");
        server.Forbid("agent-evals/evalsuites/golden");
        var (code, output, error) = await server.RunAllAsync("chaos", "support", "--eval", "outage", "--cases", path);
        (code, error).ShouldBe((0, ""));
        output.ShouldContain("\nz ");
        server.Requests.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Where_the_cases_may_not_be_read_the_rates_are_told_all_the_same()
    {
        server.Forbid("agent-evals/evalsuites/golden");
        var (code, output, _) = await server.RunAllAsync("chaos", "support");
        code.ShouldBe(0);
        output.ShouldContain("  ServerError/openai 50%\n");
        output.ShouldContain("which case meets which fault is not told: the cases of EvalSuite agent-evals/golden cannot be read");
    }

    [Theory]
    [InlineData("golden", 0, "eval \"golden\" of agd/support declares no chaos")]
    [InlineData("storm", 2, "--eval: agd/support has no eval \"storm\"; its evals are: golden, outage")]
    public async Task Other_evals_are_told_apart(string eval, int code, string said)
    {
        var (exit, output, error) = await server.RunAllAsync("chaos", "support", "--eval", eval);
        exit.ShouldBe(code);
        (output + error).ShouldContain(said);
    }

    [Theory]
    [InlineData("chaos", "agb/team", 2, "is a shared budget")]
    [InlineData("chaos", "nobody", 2, "there is no agd/nobody")]
    public async Task What_cannot_be_is_refused(string command, string name, int code, string said)
    {
        var (exit, _, error) = await server.RunAllAsync(command, name);
        exit.ShouldBe(code);
        error.ShouldContain(said);
    }

    [Theory]
    [InlineData("cases.jsonl", "")]
    [InlineData("cases.jsonl", "{")]
    [InlineData("cases.jsonl", "{\"input\":\"x\"}")]
    [InlineData("cases.yaml", "a: b")]
    [InlineData("cases.yaml", "- id: [x]")]
    public async Task A_file_without_cases_is_refused(string name, string text)
    {
        var path = Path.Combine(folder, name);
        await File.WriteAllTextAsync(path, text);
        var (code, _, error) = await server.RunAllAsync("chaos", "support", "--cases", path);
        code.ShouldBe(2);
        error.ShouldStartWith("error: --cases: ");
    }

    private static ChaosFault Fault(string fault, string? upstream, string? tool, int percent, string? text = null) =>
        new()
        {
            Fault = fault,
            Upstream = upstream,
            Tool = tool,
            Percent = percent,
            Text = text,
        };
}
