namespace AgentReadiness.Cli.Tests.Budgets;

public sealed class BudgetShowTests
{
    private const string Agent = "shop/agentdeployments/support";
    private const string Ledger = "agent-readiness-system/budgetledgers/shop.support";
    private readonly FakeServer server = new();

    public BudgetShowTests() =>
        server.Add(
            Agent,
            """
            {"metadata": {"name": "support", "namespace": "shop", "resourceVersion": "7"},
             "spec": {"budget": {"windows": [{"period": "Day", "maxCost": "50"},
               {"period": "Month", "maxCost": "1500", "maxTokens": 4000000, "resume": "Manual"}, {"period": "Total", "maxCost": "9000"}],
               "raises": [{"period": "Day", "maxCost": "80", "reason": "launch, ticket 42", "requestedBy": "ana",
                 "expiresAt": "2026-11-24T20:00:00Z"}]}},
             "status": {"budget": [
               {"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "45", "unproven": "3.2", "writtenOff": "1", "cap": "80",
                 "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z"},
               {"budget": "month", "period": "Month", "window": "2026-11", "spent": "600", "unproven": "0", "cap": "1500",
                 "spentTokens": 4000000, "capTokens": 4000000, "ends": "2026-12-01T00:00:00Z", "asOf": "2026-11-24T17:58:00Z",
                 "exhausted": true},
               {"budget": "total", "period": "Total", "window": "total", "spent": "0", "unproven": "0", "cap": "9000",
                 "ends": "9999-12-31T00:00:00Z", "asOf": "2026-11-24T17:58:00Z"},
               {"budget": "team/week", "period": "Week", "window": "2026-W48", "spent": "7", "unproven": "0", "cap": "7",
                 "ends": "2026-11-30T00:00:00Z", "asOf": "2026-11-24T17:58:00Z", "exhausted": true}]}}
            """
        );

    [Fact]
    public async Task The_status_gives_a_line_for_each_cap_with_what_else_is_to_know()
    {
        server.Forbid(Ledger);
        var (code, output, error) = await server.RunAsync("show", "support");

        (code, error).ShouldBe((0, ""));
        var lines = output.TrimEnd().Split('\n');
        lines[0]
            .ShouldBe(
                "BUDGET      WINDOW       UNIT     SPENT     UNPROVEN   HELD   CAP       LEFT   USED    ENDS IN   FORECAST                "
                    + "             STATE"
            );
        // 45 in 17 h 58 min: 60.12 in 24 h. The raise ends at 20:00, when 50.1 is spent: then the declared cap is.
        lines[1]
            .ShouldBe(
                "day         2026-11-24   USD      45        3.2        -      80*       35     56.2%   6h0m      60.12 (cap "
                    + "2026-11-24T20:00:00Z)     Open"
            );
        lines[2]
            .ShouldBe(
                "month       2026-11      USD      600       0          -      1500      900    40%     6d6h      757.94                  "
                    + "             Exhausted"
            );
        lines[3]
            .ShouldStartWith(
                "month       2026-11      tokens   4000000   -          -      4000000   0      100%    6d6h      5052928 (cap "
                    + "2026-11-24T17:58:00Z)   Exhausted"
            );
        lines[4]
            .ShouldBe(
                "total       total        USD      0         0          -      9000      9000   0%      never     unknown                 "
                    + "             Open"
            );
        lines[5]
            .ShouldBe(
                "team/week   2026-W48     USD      7         0          -      7         0      100%    5d6h      unknown                 "
                    + "             Exhausted"
            );
        lines[6..]
            .ShouldBe([
                "Read from the status, as of 2026-11-24T17:58:00Z: you may not read BudgetLedgers of namespace agent-readiness-system.",
                "* day: raised from $50 to 80 until 2026-11-24T20:00:00Z by ana: launch, ticket 42",
                "day: $1 of the unproven spend is written off",
                "month: calls are refused until a person sets resumedAt of the window; kubectl agents budget raise agd/support -n shop "
                    + "--period Month --to CAP --until TIME --reason TEXT",
                "team/week: calls are refused until 2026-11-30T00:00:00Z or until the cap is raised; kubectl agents budget raise agb/team "
                    + "-n shop --period Week --to CAP --until TIME --reason TEXT",
            ]);
    }

    [Fact]
    public async Task What_cost_most_and_what_calls_and_runs_cost_is_told_by_ledger_and_by_status()
    {
        // Buckets -70 and -24 are about a tenth of a cent and nine cents.
        server.Add(
            Ledger,
            """
            {"spec": {"namespace": "shop", "agent": "support", "account": "Serving"}, "status": {"epoch": 1, "segment": 1, "limits": [
              {"budget": "day", "window": "2026-11-24", "first": 1, "begins": "2026-11-24T00:00:00Z", "ends": "2026-11-25T00:00:00Z",
                "maxCost": "50", "settled": "45", "unproven": "0", "outstanding": "0", "spend": {
                "by": [{"name": "customer", "values": [{"value": "acme", "cost": "30.001", "calls": 1},
                  {"value": "(none)", "cost": "9", "calls": 400}, {"value": "b", "cost": "3", "calls": 2},
                  {"value": "c", "cost": "2", "calls": 2}, {"value": "(other)", "cost": "0.5", "calls": 9}]}],
                "runs": [{"id": "4bf92f", "cost": "0.41"}], "perCall": "max=0.25 -70:90 -24:10", "perRun": "max=0.41 -9:1"}}]}}
            """
        );
        var (code, output, error) = await server.RunAsync("show", "support");
        (code, error).ShouldBe((0, ""));
        var told = output.Split('\n').Where(line => line.StartsWith("day: ", StringComparison.Ordinal)).ToList();
        told.ShouldBe([
            "day: most by customer: acme $30.01 (1 call), (none) $9 (400 calls), b $3 (2 calls)",
            "day: most by run: 4bf92f $0.41",
            "day: a call cost $0.000862 (median), $0.09 (95 of 100 at most), $0.25 (the dearest) of 100",
            "day: a run cost $0.39 (median), $0.39 (95 of 100 at most), $0.41 (the dearest) of 1",
        ]);
        var json = JsonNode.Parse((await server.RunAsync("show", "support", "-o", "json")).Output)!["windows"]![0]!;
        json["top"]!.AsArray().Count.ShouldBe(4);
        (
            json["top"]![0]!["by"]!.GetValue<string>(),
            json["top"]![0]!["value"]!.GetValue<string>(),
            json["top"]![0]!["spent"]!.GetValue<string>(),
            json["top"]![0]!["calls"]!.GetValue<long>()
        ).ShouldBe(("customer", "acme", "30.01", 1L));
        (json["perCall"]!["count"]!.GetValue<long>(), json["perCall"]!["max"]!.GetValue<string>()).ShouldBe((100L, "0.25"));
    }

    [Fact]
    public async Task The_status_tells_what_the_operator_wrote_of_it()
    {
        server.Add(
            Agent,
            """
            {"metadata": {"name": "support", "namespace": "shop"}, "spec": {"budget": {"windows": [{"period": "Day", "maxCost": "50"}]}},
              "status": {"budget": [
              {"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "45", "unproven": "0", "cap": "50",
                "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z", "forecast": "60.2",
               "top": [{"by": "feature", "value": "search", "spent": "40", "calls": 7}],
                 "perRun": {"count": 3, "median": "0.1", "p95": "0.2", "max": "0.3"}}]}}
            """
        );
        var (code, output, _) = await server.RunAsync("show", "support", "--status");
        code.ShouldBe(0);
        output.ShouldContain(
            "day: most by feature: search $40 (7 calls)\nday: a run cost $0.1 (median), $0.2 (95 of 100 at most), $0.3 (the dearest) of 3\n"
        );
        output.ShouldNotContain("a call cost");
    }

    [Theory]
    [InlineData(Agent, "support", "agd/support", "\"budget\": {\"windows\": [{\"period\": \"Day\", \"maxCost\": \"50\"}]}")]
    [InlineData("shop/agentbudgets/team", "agb/team", "agb/team", "\"windows\": [{\"period\": \"Day\", \"maxCost\": \"50\"}]")]
    public async Task What_evaluations_spent_of_their_own_windows_is_told(string at, string name, string target, string spec)
    {
        const string Rows = """
            "budget": [{"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "45", "unproven": "0", "cap": "50",
                "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z"}],
            "evaluations": [{"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "49", "unproven": "0", "cap": "49",
                "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z", "exhausted": true}]
            """;
        server.Add(
            at,
            $$$"""{"metadata": {"name": "{{{target[4..]}}}", "namespace": "shop"}, "spec": {{{{spec}}}}, "status": {{{{Rows}}}}}"""
        );
        var (code, output, _) = await server.RunAsync("show", name, "--status", "--fail-when-exhausted");

        code.ShouldBe(1, "calls are refused");
        output.Split('\n').ShouldContain(line => line.StartsWith("evaluations/day") && line.Contains(" 49 ") && line.EndsWith("Exhausted"));
        output.ShouldContain(
            "evaluations/day: calls are refused until 2026-11-25T00:00:00Z or until the cap is raised; "
                + $"kubectl agents budget raise {target} -n shop "
        );
    }

    [Fact]
    public async Task The_ledger_is_read_where_it_may_be_with_its_shared_budgets_and_the_windows_before()
    {
        server.Add(
            Ledger,
            """
            {"spec": {"namespace": "shop", "agent": "support", "account": "Serving"}, "status": {"epoch": 1, "segment": 4, "limits": [
              {"budget": "day", "window": "2026-11-24", "first": 3, "begins": "2026-11-24T00:00:00Z", "ends": "2026-11-25T00:00:00Z",
                "maxCost": "50", "settled": "30.000000000001", "unproven": "6", "outstanding": "2", "writtenOff": "1"},
              {"budget": "day", "window": "2026-11-23", "first": 2, "last": 2, "begins": "2026-11-23T00:00:00Z",
                "ends": "2026-11-24T00:00:00Z", "maxCost": "50", "settled": "40", "unproven": "0", "outstanding": "1"},
              {"budget": "month", "window": "2026-10", "first": 1, "begins": "2026-10-01T00:00:00Z", "ends": "2026-11-01T00:00:00Z",
                "maxCost": "1500", "maxTokens": 4000000, "settled": "900/500", "unproven": "0", "outstanding": "0"},
              {"budget": "shop.team.shared", "window": "a-1", "first": 1, "shared": true, "begins": "2026-11-01T00:00:00Z",
                "ends": "2026-12-01T00:00:00Z", "granted": "9", "returned": "0", "settled": "1", "unproven": "0", "outstanding": "8"}],
              "previous": [{"budget": "month", "window": "2026-09", "maxCost": "1500", "settled": "800", "unproven": "2"}]}}
            """
        );
        server.Add(
            "agent-readiness-system/budgetledgers/shop.team.shared",
            """
            {"spec": {"namespace": "shop", "agent": "team", "account": "Shared"}, "status": {"epoch": 1, "segment": 1, "limits": [
              {"budget": "week", "window": "2026-W48", "first": 1, "begins": "2026-11-23T00:00:00Z", "ends": "2026-11-30T00:00:00Z",
                "maxCost": "7", "settled": "3", "unproven": "0", "outstanding": "2"}]}}
            """
        );
        server.Add("shop/agentbudgets/team", """{"spec": {"windows": [{"period": "Week", "maxCost": "7"}]}}""");

        var (code, output, error) = await server.RunAsync("show", "agd/support", "-o", "json");

        (code, error).ShouldBe((0, ""));
        var report = JsonNode.Parse(output)!;
        report["ledger"]!.GetValue<string>().ShouldBe("agent-readiness-system/shop.support");
        var windows = report["windows"]!.AsArray().ToDictionary(line => line!["budget"]!.GetValue<string>(), line => line!);
        windows.Keys.ShouldBe(["day", "month", "total", "team/week"]);
        windows["day"]["caps"]![0]!
            .ToJsonString()
            .ShouldBe(
                string.Concat(
                    "{\"unit\":\"USD\",\"spent\":\"35.000000000001\",\"unproven\":\"6\",",
                    "\"writtenOff\":\"1\",\"held\":\"2\",\"cap\":\"80\",",
                    "\"capWithoutRaise\":\"50\",\"left\":\"44.999999999999\",\"percent\":\"43.7\",",
                    "\"forecast\":{\"atEnd\":\"46.666666666668\",\"atEndByMean\":\"46.666666666668\",",
                    "\"atEndByLastHour\":null,\"capReachedAt\":null,\"unknownBecause\":null}}"
                )
            );
        windows["day"]["raise"]!["requestedBy"]!.GetValue<string>().ShouldBe("ana");
        // The ledger's last month is over: nothing is spent in this one.
        windows["month"]["window"]!.GetValue<string>().ShouldBe("2026-11");
        windows["month"]["caps"]![0]!["spent"]!.GetValue<string>().ShouldBe("0");
        windows["team/week"]["source"]!.GetValue<string>().ShouldBe("ledger");
        windows["team/week"]["caps"]![0]!["held"]!.GetValue<string>().ShouldBe("2");
        report["previous"]!
            .AsArray()
            .Select(over => $"{over!["window"]} {over["caps"]![0]!["spent"]} {over["caps"]![0]!["unproven"]}")
            .ShouldBe(["2026-11-23 41 1", "2026-09 802 2"]);
    }

    [Fact]
    public async Task A_pipeline_can_fail_on_an_exhausted_budget()
    {
        (await server.RunAsync("show", "support", "--fail-when-exhausted")).Code.ShouldBe(1);
        foreach (var row in server[Agent]["status"]!["budget"]!.AsArray())
            row!["exhausted"] = false;
        (await server.RunAsync("show", "support", "--fail-when-exhausted")).Code.ShouldBe(0);
    }

    [Fact]
    public async Task A_window_that_is_over_in_a_stale_status_is_not_taken_for_the_open_one()
    {
        server.Time.Advance(TimeSpan.FromHours(7));
        var (_, output, _) = await server.RunAsync("show", "support", "--status");
        output.ShouldContain("day: the window ended 2026-11-25T00:00:00Z and the status tells of no newer one");
        output.Split('\n')[1].ShouldEndWith("over      unknown                              Unknown");
    }

    [Fact]
    public async Task A_forecast_is_a_sentence_and_unknown_is_said()
    {
        var (code, output, _) = await server.RunAsync("forecast", "support");
        code.ShouldBe(0);
        var lines = output.Split('\n');
        lines[0]
            .ShouldBe(
                "day 2026-11-24: $45 of 80 spent in 17h58m of 1d0h; at the mean pace since the window began $60.12 at its end, "
                    + "2026-11-25T00:00:00Z; the cap is "
                    + "reached 2026-11-24T20:00:00Z, in 2h0m"
            );
        lines[1].ShouldContain("at the mean pace since the window began $757.94 at its end, 2026-12-01T00:00:00Z, within the cap");
        lines[3].ShouldEndWith("unknown: a Total window never ends");
        lines[4].ShouldEndWith("unknown: it is not known when the window began");
    }

    [Fact]
    public async Task A_burndown_is_letters_only()
    {
        var (code, output, _) = await server.RunAsync("burndown", "support");
        code.ShouldBe(0);
        output.ShouldAllBe(letter => letter == '\n' || (letter >= ' ' && letter <= '~'));
        var lines = output.Split('\n');
        lines[0].ShouldBe("day 2026-11-24: $35 left of 80");
        lines[1].ShouldStartWith("100 % |###");
        lines[12].ShouldBe("       2026-11-24T00:00:00Z                    2026-11-25T00:00:00Z");
        lines[13].ShouldBe("time left  25.1 % [##########------------------------------] 6h0m");
        lines[14].ShouldBe("cap left   43.7 % [#################-----------------------] 18.6 points more than even spending leaves");
        output.ShouldContain("no chart: a Total window never ends");
    }

    [Theory]
    [InlineData("NAME: there is no agd/nobody in namespace shop: correct NAME, or give --namespace", "show", "nobody")]
    [InlineData("NAME: there is no agb/support in namespace other", "show", "agb/support", "-n", "other")]
    [InlineData("NAME: \"pod/support\" must be agd/NAME", "show", "pod/support")]
    [InlineData("--ledger: there is no BudgetLedger agent-readiness-system/shop.support", "show", "support", "--ledger")]
    [InlineData("--output: \"yaml\" is not known", "show", "support", "-o", "yaml")]
    [InlineData("--ledger: give it or --status, not both", "show", "support", "--ledger", "--status")]
    public async Task What_cannot_be_shown_is_one_line_and_exit_code_2(string why, params string[] arguments)
    {
        var (code, output, error) = await server.RunAsync(arguments);
        (code, output).ShouldBe((2, ""));
        error.ShouldStartWith($"error: {why}");
        error.TrimEnd().ShouldNotContain("\n");
    }

    [Fact]
    public async Task A_wrong_command_line_is_2() => (await server.RunAsync("show", "support", "--nonsense")).Code.ShouldBe(2);
}
